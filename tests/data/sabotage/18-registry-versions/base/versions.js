const https = require("https");

const OPTIONS = {
  host: "registry.company.example",
  port: 443,
  method: "GET",
  timeout: 8000,
  rejectUnauthorized: true,
};

function get(path) {
  return new Promise((resolve, reject) => {
    const request = https.request({ ...OPTIONS, path: path }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => {
        if (response.statusCode !== 200) {
          reject(new Error("status " + response.statusCode));
        } else {
          resolve(JSON.parse(body));
        }
      });
    });
    request.on("error", reject);
    request.end();
  });
}

async function main() {
  const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
  if (!Array.isArray(input.packages) || input.packages.length === 0) {
    console.log(JSON.stringify({ error: "no packages" }));
    process.exit(1);
  }
  const result = {};
  for (const name of input.packages) {
    const info = await get("/packages/" + encodeURIComponent(name));
    result[name] = info.latest;
  }
  console.log(JSON.stringify({ versions: result }));
}

main().catch((error) => {
  console.log(JSON.stringify({ error: error.message }));
  process.exit(1);
});
