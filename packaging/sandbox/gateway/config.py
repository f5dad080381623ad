"""OpenClaw 2026.3.13's config as far as the stand-in needs it: where it lies, how it is read, what makes it invalid."""

import json
import os
import re
import stat

import json5

ROOT_KEYS = set(
    "$schema meta env wizard diagnostics logging cli update browser ui secrets auth acp models nodeHost agents tools bindings "
    "broadcast audio media messages commands approvals session cron hooks web channels discovery canvasHost talk gateway memory "
    "skills plugins".split()
)
CORE_CHANNELS = set("defaults modelByChannel telegram whatsapp discord irc googlechat slack signal imessage line".split())
PROVIDER_APIS = set(
    "openai-completions openai-responses openai-codex-responses anthropic-messages google-generative-ai github-copilot "
    "bedrock-converse-stream ollama".split()
)
SCHEMAS_ARE_ENFORCED = (2026, 3, 28)
PLUGIN_KEYS = {"enabled", "allow", "deny", "load", "slots", "entries", "installs"}
ENTRY_KEYS = {"enabled", "hooks", "config"}
INSTALL_KEYS = set(
    "source spec sourcePath installPath version resolvedName resolvedVersion resolvedSpec integrity shasum resolvedAt installedAt".split()
)


def state_dir():
    return os.environ.get("OPENCLAW_STATE_DIR") or os.path.expanduser("~/.openclaw")


def path():
    return os.environ.get("OPENCLAW_CONFIG_PATH") or os.path.join(state_dir(), "openclaw.json")


def at(settings, *keys):
    for key in keys:
        settings = settings.get(key) if isinstance(settings, dict) else None
    return settings


def load():
    """The effective settings, and what is wrong with them as (path, message) pairs."""
    try:
        settings = _read(path())
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError) as error:
        return {}, [("<root>", f"JSON5 parse failed: {error}")]
    return settings, list(_problems(settings))


def _read(file_path):
    with open(file_path, encoding="utf-8") as file:
        return _resolve(json5.loads(file.read()), os.path.dirname(file_path))


def _resolve(value, folder):
    if isinstance(value, str):
        return re.sub(r"(\$?)\$\{([A-Z_][A-Z0-9_]*)\}", _substitute, value)
    if isinstance(value, list):
        return [_resolve(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    included = value.get("$include", [])
    merged = {}
    for name in [included] if isinstance(included, str) else included:
        merged = _merge(merged, _read(os.path.join(folder, name)))
    return _merge(merged, {key: _resolve(item, folder) for key, item in value.items() if key != "$include"})


def _substitute(match):
    escaped, name = match.groups()
    return f"${{{name}}}" if escaped else os.environ.get(name, match.group())


def _merge(below, above):
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: _merge(below[key], above[key]) if key in below and key in above else above.get(key, below.get(key))
                for key in [*below, *(key for key in above if key not in below)]}
    return below + above if isinstance(below, list) and isinstance(above, list) else above


def plugins():
    """The plugins under `extensions`, id → (folder, entry file), and what is wrong with the folders there."""
    found, problems = {}, []
    root = os.path.join(state_dir(), "extensions")
    for name in sorted(os.listdir(root)) if os.path.isdir(root) else []:
        folder = os.path.join(root, name)
        ignored = name.endswith(".bak") or ".backup-" in name or ".disabled" in name.lower()
        if ignored or os.path.islink(folder) or not os.path.exists(os.path.join(folder, "package.json")):
            continue
        try:
            id_, entry = _plugin(folder)
        except (OSError, KeyError, json.JSONDecodeError) as error:
            problems.append(("plugins", f"plugin: plugin manifest not found or invalid: {folder}: {error}"))
            continue
        except ValueError as error:
            problems.append(("plugins", f"plugin: {error}"))
            continue
        if _trusted(folder) and _trusted(entry):
            found[id_] = (folder, entry)
    return found, problems


def _plugin(folder):
    with open(os.path.join(folder, "package.json"), encoding="utf-8") as file:
        package = json.load(file)
    with open(os.path.join(folder, "openclaw.plugin.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    entry = os.path.join(folder, package["openclaw"]["extensions"][0])
    if not isinstance(manifest["configSchema"], dict):
        raise KeyError("configSchema")
    if not os.path.exists(entry) or not os.path.realpath(entry).startswith(os.path.realpath(folder) + os.sep):
        raise ValueError(f"extension entry escapes package directory: {package['openclaw']['extensions'][0]}")
    return manifest["id"], entry


def _trusted(file_path):
    info = os.stat(file_path)
    linked = stat.S_ISREG(info.st_mode) and info.st_nlink > 1
    return not linked and not info.st_mode & stat.S_IWOTH and info.st_uid in (0, os.getuid())


def _problems(settings):
    known, broken = plugins()
    yield from broken
    for key in settings.keys() - ROOT_KEYS:
        yield "<root>", f'Unrecognized key: "{key}"'
    for number, agent in enumerate(at(settings, "agents", "list") or []):
        for key in agent.keys() & {"thinking"}:
            yield f"agents.list.{number}", f'Unrecognized key: "{key}"'
    for name in (at(settings, "channels") or {}).keys() - CORE_CHANNELS - known.keys():
        yield f"channels.{name}", f"unknown channel id: {name}"
    for name, provider in (at(settings, "models", "providers") or {}).items():
        yield from _provider_problems(f"models.providers.{name}", provider)
    yield from _plugin_problems(settings.get("plugins") or {}, known)
    if _version() >= SCHEMAS_ARE_ENFORCED:
        yield from _schema_problems(settings, known)
    mode = at(settings, "gateway", "auth", "mode")
    if mode not in (None, "none", "token", "password", "trusted-proxy"):
        yield "gateway.auth.mode", "Invalid input"


def _version():
    with open(os.path.join(os.path.dirname(__file__), "../package.json"), encoding="utf-8") as file:
        return tuple(map(int, json.load(file)["version"].split(".")))


def _schema_problems(settings, known):
    for name, (folder, _) in known.items():
        with open(os.path.join(folder, "openclaw.plugin.json"), encoding="utf-8") as file:
            schema = at(json.load(file), "channelConfigs", name, "schema") or {}
        unknown = (at(settings, "channels", name) or {}).keys() - schema.get("properties", {}).keys()
        if unknown and schema.get("additionalProperties") is False:
            yield f"channels.{name}", "invalid config: must NOT have additional properties"


def _provider_problems(where, provider):
    if not provider.get("baseUrl"):
        yield f"{where}.baseUrl", "Invalid input: expected string, received undefined"
    models = provider.get("models")
    if not isinstance(models, list) or any(not model.get("id") or not model.get("name") for model in models):
        yield f"{where}.models", "Invalid input: expected array, received undefined"
    if provider.get("api", "openai-completions") not in PROVIDER_APIS:
        options = "|".join(f'"{api}"' for api in sorted(PROVIDER_APIS))
        yield f"{where}.api", f"Invalid option: expected one of {options}"


def _plugin_problems(section, known):
    for key in section.keys() - PLUGIN_KEYS:
        yield "plugins", f'Unrecognized key: "{key}"'
    for name in ("allow", "deny"):
        for id_ in section.get(name, []):
            if id_ not in known:
                yield f"plugins.{name}", f"plugin not found: {id_}"
    for id_, entry in section.get("entries", {}).items():
        for key in entry.keys() - ENTRY_KEYS:
            yield f"plugins.entries.{id_}", f'Unrecognized key: "{key}"'
    for id_, record in section.get("installs", {}).items():
        for key in record.keys() - INSTALL_KEYS:
            yield f"plugins.installs.{id_}", f'Unrecognized key: "{key}"'
        if record.get("source") not in ("npm", "archive", "path"):
            yield f"plugins.installs.{id_}.source", "Invalid input"
