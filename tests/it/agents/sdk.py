"""A client of the official Python SDK: searches, runs, asks, and waits for the answers of a human.

It could be asked for input (elicitation), and would agree to everything: it never is.
"""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters
from mcp_types import ElicitResult

ASKED = []


async def agree(context, params):
    """Agrees to whatever the server asks through the client."""
    ASKED.append(params)
    return ElicitResult(action="accept", content={"approve": True})


def content(result):
    """The structured content; the text must say the same."""
    assert json.loads(result.content[0].text) == result.structured_content, result
    return result.structured_content


PROPOSAL = {
    "kind": "ToolReviewRequest",
    "tool": "greeter",
    "description": "Greets you",
    "rationale": "greetings are needed",
    "files": [{"path": "greeter.py", "content": 'print("hello you")'}],
}


async def decided(client, review):
    """Tells the test to decide as a human, in another process, and waits for the answer."""
    print(json.dumps({"review": review}), flush=True)
    return content(await client.call_tool("wait", {"review": review, "wait_s": 40}))


async def dear(client, n):
    """A run of a tool that a human permits each time: the number of the review, or the run."""
    result = await client.call_tool("run", {"tool": "deploy", "input": {"n": n}})
    told = content(result)
    return told["next"]["arguments"]["review"] if result.is_error else told


async def talk(target, mode):
    async with Client(target, mode=mode, elicitation_callback=agree) as client:
        tools = await client.list_tools()
        assert len(tools.tools) == 11, [tool.name for tool in tools.tools]
        hits = content(await client.call_tool("search", {"words": "greets"}))
        assert hits["hits"][0]["name"] == "greeting", hits
        run = content(await client.call_tool("run", {"tool": "greeting"}))
        assert (run["state"], run.get("output")) == ("succeeded", "hello\n"), run
        refused = await client.call_tool("run", {"tool": "fresh"})
        assert refused.is_error, refused
        review = content(refused)["next"]["arguments"]["review"]
        resource = await client.read_resource(f"toolsmith://reviews/{review}")
        assert json.loads(resource.contents[0].text)["state"] == "waiting", resource
        prompts = await client.list_prompts()
        assert len(prompts.prompts) == 2, prompts
        told = await decided(client, review)
        assert told["state"] == "rejected" and told["reason"] == "not yet", told

        asked = content(await client.call_tool("request", PROPOSAL))
        refused = await client.call_tool("run", {"tool": "greeter"})
        assert refused.is_error, refused
        told = await decided(client, asked["review"])
        assert told["state"] == "approved", told
        run = content(await client.call_tool("run", {"tool": "greeter"}))
        assert (run["state"], run.get("output")) == ("succeeded", "hello you\n"), run

        told = await decided(client, await dear(client, 2))
        assert told["state"] == "approved", told
        run = await dear(client, 2)
        assert (run["state"], run.get("output")) == ("succeeded", {"n": 2}), run
        assert isinstance(await dear(client, 2), int), "a permit is good for one run"
        print(json.dumps({"version": client.protocol_version, "asked": len(ASKED)}), flush=True)


mode, target = sys.argv[1], sys.argv[2:]
if target[0].startswith("http"):
    from mcp.client.streamable_http import streamable_http_client
    import httpx2

    url, token = target
    # Its own limit of 5 s for an answer is shorter than a wait for a human.
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60)
    asyncio.run(talk(streamable_http_client(url, http_client=http), mode))
else:
    asyncio.run(talk(StdioServerParameters(command=target[0], args=target[1:], env=dict(os.environ)), mode))
