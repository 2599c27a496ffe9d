"""A client of the official Python SDK: searches, runs, asks, and waits for the answer of a human."""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters


def content(result):
    """The structured content; the text must say the same."""
    assert json.loads(result.content[0].text) == result.structured_content, result
    return result.structured_content


async def talk(target, mode):
    async with Client(target, mode=mode) as client:
        tools = await client.list_tools()
        assert len(tools.tools) == 11, [tool.name for tool in tools.tools]
        hits = content(await client.call_tool("search", {"words": "greets"}))
        assert hits["hits"][0]["name"] == "greeting", hits
        run = content(await client.call_tool("run", {"tool": "greeting"}))
        assert (run["state"], run["output"]) == ("succeeded", "hello\n"), run
        refused = await client.call_tool("run", {"tool": "fresh"})
        assert refused.is_error, refused
        review = content(refused)["next"]["arguments"]["review"]
        resource = await client.read_resource(f"toolsmith://reviews/{review}")
        assert json.loads(resource.contents[0].text)["state"] == "waiting", resource
        prompts = await client.list_prompts()
        assert len(prompts.prompts) == 2, prompts
        # The test decides as a human now, in another process.
        print(json.dumps({"review": review}), flush=True)
        told = content(await client.call_tool("wait", {"review": review, "wait_s": 40}))
        assert told["state"] == "rejected" and told["reason"] == "not yet", told
        print(json.dumps({"version": client.protocol_version}), flush=True)


mode, target = sys.argv[1], sys.argv[2:]
if target[0].startswith("http"):
    from mcp.client.streamable_http import streamable_http_client
    import httpx2

    url, token = target
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"})
    asyncio.run(talk(streamable_http_client(url, http_client=http), mode))
else:
    asyncio.run(talk(StdioServerParameters(command=target[0], args=target[1:], env=dict(os.environ)), mode))
