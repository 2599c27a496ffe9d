// Takes references to container images apart, as docker reads them. No registry is asked.

import { text } from "node:stream/consumers";

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\d+)?$/;

/** Registry and path: the first part is a host when it has a dot or a port, or is localhost. */
function located(name) {
  const at = name.indexOf("/");
  const first = at < 0 ? "" : name.slice(0, at);
  if (first.includes(".") || first.includes(":") || first === "localhost" || /[A-Z]/.test(first)) {
    return [first, name.slice(at + 1)];
  }
  return ["docker.io", at < 0 ? `library/${name}` : name];
}

function parse(reference) {
  const fail = (why) => ({ reference, valid: false, reason: why });
  const [named, digest, more] = reference.split("@");
  if (more !== undefined || (digest !== undefined && !/^sha256:[a-f0-9]{64}$/.test(digest))) {
    return fail("the digest is not sha256: and 64 digits");
  }
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const [name, tag] = tagged ? [named.slice(0, colon), named.slice(colon + 1)] : [named, undefined];
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) return fail("the tag has characters that tags do not have");
  const [registry, repository] = located(name);
  if (!HOST.test(registry)) return fail("the registry is not a host name");
  if (repository.length > 255 || !repository.split("/").every((part) => COMPONENT.test(part))) {
    return fail("the repository must be lower case letters, digits, dots, dashes and slashes");
  }
  const shown = tag ?? (digest ? undefined : "latest");
  return {
    reference,
    valid: true,
    registry,
    repository,
    tag: shown,
    digest,
    full: `${registry}/${repository}${shown ? `:${shown}` : ""}${digest ? `@${digest}` : ""}`,
    pinned: digest !== undefined,
  };
}

function all({ references }) {
  const images = references.map(parse);
  return { images, unpinned: images.filter((image) => image.valid && !image.pinned).length };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(all(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
