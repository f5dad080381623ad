// As a connector would be that keeps up with OpenClaw 2026.9.6.
import { createRequire } from "node:module";
import { channel } from "./channel.mjs";

export default function register(api) {
  createRequire(import.meta.url)("openclaw/plugin-sdk/core");
  const parts = async () => await import("./message-handler.mjs");
  const connected = ({ accountId }) =>
    process.stderr.write(`[dingtalk-connector][${accountId}] onStatusChange patch={"connected":true,"lastConnectedAt":${Date.now()}} current={} next={}\n`);
  api.registerChannel({ plugin: channel({ runtime: () => api.runtime, parts, connected }) });
}
