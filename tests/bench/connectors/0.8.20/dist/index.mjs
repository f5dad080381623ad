// As connector 0.8.20 does: built, an ES module, which resolves the SDK as Node.js does.
import { createRequire } from "node:module";
import { channel } from "./channel.mjs";

export default function register(api) {
  createRequire(import.meta.url)("openclaw/plugin-sdk/core");
  const parts = async () => await import("./message-handler.mjs");
  const connected = ({ accountId }) =>
    process.stderr.write(`[dingtalk-connector][${accountId}] onStatusChange patch={"connected":true,"lastConnectedAt":${Date.now()}} current={} next={}\n`);
  api.registerChannel({ plugin: channel({ runtime: () => api.runtime, parts, connected }) });
}

export async function promptForSecret(input) {
  const { promptSingleChannelSecretInput: promptSecret } = await import("openclaw/plugin-sdk/setup");
  return await promptSecret(input);
}

export const loadConfig = async () => (await import("openclaw/plugin-sdk/config-runtime")).loadConfig();
