"""A sample connector of one of the real ones' generations: the same imports, metadata and channel keys; its cloud is two folders.

  make.py VERSION DIR     the payload with its SHA256SUMS; every other version is made as 0.9.0 is

0.8.3 imports the bare SDK, 0.8.13 its subpaths, both in TypeScript; 0.8.20 is built, and names the npm package that it comes from.
0.9.0 does not exist: it imports what OpenClaw 2026.9.6 has. 0.6.0 is packaging/sandbox/connector.
"""

import hashlib
import json
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ID = "dingtalk-connector"
IN_TYPESCRIPT = ("0.8.3", "0.8.13")


def package(version):
    entry = "./index.ts" if version in IN_TYPESCRIPT else "./dist/index.mjs"
    openclaw = {"extensions": [entry], "channels": [ID], "installDependencies": True}
    facts = {"name": "@dingtalk-real-ai/dingtalk-connector", "version": version, "description": "A sample for tests", "type": "module", "private": True, "license": "MIT OR Apache-2.0"}
    if version == "0.8.13":
        facts["peerDependencies"] = {"openclaw": "^2026.3.23-2"}
    elif version not in IN_TYPESCRIPT:
        facts["peerDependencies"] = {"openclaw": ">=2026.4.9"}
    if version == "0.8.20":
        openclaw["channel"] = {"id": ID, "label": "DingTalk", "selectionLabel": "DingTalk (sample)", "docsPath": f"/channels/{ID}", "docsLabel": ID, "blurb": "DingTalk without DingTalk, for tests.", "aliases": ["dd", "ding"], "order": 35, "quickstartAllowFrom": True}
        openclaw["install"] = {"npmSpec": facts["name"], "localPath": "extensions/dingtalk", "defaultChoice": "npm"}
    if "peerDependencies" in facts:
        facts["peerDependenciesMeta"] = {"openclaw": {"optional": True}}
    return {**facts, "main": entry, "openclaw": openclaw}


def manifest(version):
    facts = {"id": ID, "name": "DingTalk Channel (sample)", "version": version, "description": "A sample for tests", "channels": [ID]}
    config = {"type": "object", "additionalProperties": version == "0.8.13", "properties": {"enabled": {"type": "boolean"}} if version == "0.8.3" else {}}
    facts["configSchema"] = config
    if version != "0.8.3":
        facts["channelConfigs"] = {ID: {"label": "DingTalk", "description": "A sample for tests", "schema": channel_schema()}}
    return facts


def channel_schema():
    """The keys that the schema of 0.8.13 to 0.8.20 knows; it allows no others, neither at the top nor in an account."""
    texts = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}}
    secret = strict({"source": {"type": "string", "enum": ["env", "file", "exec"]}, "provider": {"type": "string"}, "id": {"type": "string"}})
    shared = {
        "enabled": {"type": "boolean"},
        "clientId": {"anyOf": [{"type": "string"}, {"type": "number"}]},
        "clientSecret": {"anyOf": [{"type": "string"}, {**secret, "required": ["source", "provider", "id"]}]},
        "dmPolicy": {"type": "string", "enum": ["open", "pairing", "allowlist"]},
        "allowFrom": texts,
        "groupPolicy": {"type": "string", "enum": ["open", "allowlist", "disabled"]},
        "groupAllowFrom": texts,
        "historyLimit": {"type": "integer", "minimum": 0},
        "textChunkLimit": {"type": "integer", "exclusiveMinimum": 0},
        "mediaMaxMb": {"type": "number", "exclusiveMinimum": 0},
        "tools": strict({"docs": {"type": "boolean"}, "media": {"type": "boolean"}}),
        "groupSessionScope": {"type": "string", "enum": ["group", "group_sender"]},
        "ackText": {"type": "string"},
        "endpoint": {"type": "string"},
        **{switch: {"type": "boolean"} for switch in ("requireMention", "typingIndicator", "resolveSenderNames", "separateSessionByConversation", "sharedMemoryAcrossConversations", "asyncMode", "debug")},
    }
    account = strict({**shared, "name": {"type": "string"}})
    top = {"defaultAccount": {"type": "string"}, "enableMediaUpload": {"type": "boolean"}, "systemPrompt": {"type": "string"}}
    defaults = {"dmPolicy": "open", "groupPolicy": "open", "requireMention": True, "separateSessionByConversation": True}
    shared = {key: {**rule, "default": defaults[key]} if key in defaults else rule for key, rule in shared.items()}
    return strict({**top, **shared, "accounts": {"type": "object", "additionalProperties": account}})


def strict(properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


def main(version, out):
    shutil.copytree(HERE / (version if (HERE / version).exists() else "0.9.0"), out)
    code = out / ("src/channel.ts" if version in IN_TYPESCRIPT else "dist/channel.mjs")
    code.parent.mkdir(exist_ok=True)
    shutil.copyfile(HERE / "channel.mjs", code)
    for name, facts in (("package.json", package(version)), ("openclaw.plugin.json", manifest(version))):
        (out / name).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    files = sorted(path for path in out.rglob("*") if path.is_file())
    sums = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out)}\n" for path in files)
    (out / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
