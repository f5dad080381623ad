// As connector 0.8.3 does: everything out of the bare SDK, in TypeScript.
import type { OpenClawPluginApi, PluginRuntime } from "openclaw/plugin-sdk";
import {
  createPluginRuntimeStore,
  createReplyPrefixOptions,
  createTypingCallbacks,
  logTypingFailure,
} from "openclaw/plugin-sdk";
import { promptSingleChannelSecretInput } from "openclaw/plugin-sdk";
import { channel } from "./src/channel.ts";

const { setRuntime, getRuntime } = createPluginRuntimeStore<PluginRuntime>("DingTalk runtime not initialized");
export const prompt = promptSingleChannelSecretInput;

export default function register(api: OpenClawPluginApi) {
  setRuntime(api.runtime);
  const parts = async () => ({ createReplyPrefixOptions, createTypingCallbacks, logTypingFailure });
  const connected = () => console.info(`[${new Date().toISOString()}] connect success`);
  api.registerChannel({ plugin: channel({ runtime: getRuntime, parts, connected }) });
}
