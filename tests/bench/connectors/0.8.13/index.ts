// As connector 0.8.13 does: the SDK by its subpaths, in TypeScript; what a reply needs is imported when the account starts.
import type { OpenClawPluginApi, PluginRuntime } from "openclaw/plugin-sdk";
import { buildChannelConfigSchema } from "openclaw/plugin-sdk/core";
import { promptSingleChannelSecretInput } from "openclaw/plugin-sdk/setup";
import { channel } from "./src/channel.ts";

export const unused = [buildChannelConfigSchema, promptSingleChannelSecretInput];

export default function register(api: OpenClawPluginApi) {
  const runtime = (): PluginRuntime => api.runtime;
  const parts = async () => await import("./src/reply-dispatcher.ts");
  const connected = ({ accountId }: any) =>
    process.stderr.write(`[dingtalk-connector][${accountId}] onStatusChange patch={"connected":true,"lastConnectedAt":${Date.now()}} current={} next={}\n`);
  api.registerChannel({ plugin: channel({ runtime, parts, connected }) as any });
}

export const loadConfig = async () => (await import("openclaw/plugin-sdk/config-runtime")).loadConfig();
