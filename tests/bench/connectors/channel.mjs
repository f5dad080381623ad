// The channel of the sample connectors from 0.8 on. Its cloud is two folders, as that of the sample 0.6.0 is (packaging/sandbox),
// and a message is answered by the agent inside the gateway, over the parts of OpenClaw's SDK that the real connectors use.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export const ID = "dingtalk-connector";
const LOOK_EVERY_MS = 100;

const stateDir = () => process.env.OPENCLAW_STATE_DIR || path.join(os.homedir(), ".openclaw");
const section = (cfg) => cfg?.channels?.[ID] ?? {};

/** `runtime()` is OpenClaw's, `parts()` what the connector imports of its SDK, `connected(ctx)` says that the connection stands. */
export function channel({ runtime, parts, connected }) {
  return {
    id: ID,
    meta: {
      id: ID,
      label: "DingTalk",
      selectionLabel: "DingTalk (sample)",
      docsPath: "/channels/dingtalk-connector",
      blurb: "DingTalk without DingTalk, for tests.",
      aliases: [],
    },
    capabilities: { chatTypes: ["direct"], reactions: false, threads: false, media: false, nativeCommands: false, blockStreaming: false },
    reload: { configPrefixes: [`channels.${ID}`] },
    config: {
      listAccountIds: (cfg) => (section(cfg).clientId && section(cfg).clientSecret ? ["default"] : []),
      resolveAccount: (cfg) => ({ accountId: "default", config: section(cfg), enabled: section(cfg).enabled !== false }),
      defaultAccountId: () => "default",
      isConfigured: (account) => Boolean(account.config?.clientId && account.config?.clientSecret),
      describeAccount: (account) => ({ accountId: "default", name: "DingTalk", enabled: account.enabled, configured: true }),
    },
    outbound: { deliveryMode: "direct", sendText: async ({ to }) => ({ channel: ID, messageId: String(to) }) },
    gateway: {
      startAccount: async (ctx) => {
        const refusal = path.join(stateDir(), "dingtalk", "refusal");
        if (fs.existsSync(refusal)) throw new Error(fs.readFileSync(refusal, "utf8").trim());
        const sdk = await parts();
        connected(ctx);
        await serveFolders(ctx, (text) => answer(runtime(), sdk, ctx, text));
      },
    },
  };
}

async function answer(core, sdk, { cfg, accountId = "default", log }, text) {
  const agentId = "main";
  const { routing, reply } = core.channel;
  const peer = { kind: "direct", id: "sandbox" };
  const dmScope = cfg.session?.dmScope || "per-channel-peer";
  const envelope = reply.resolveEnvelopeFormatOptions(cfg);
  const body = reply.formatAgentEnvelope({ channel: "DingTalk", from: peer.id, timestamp: new Date(), envelope, body: text });
  const ctx = reply.finalizeInboundContext({
    Body: body,
    BodyForAgent: text,
    RawBody: text,
    CommandBody: text,
    From: peer.id,
    To: peer.id,
    SessionKey: routing.buildAgentSessionKey({ agentId, channel: ID, accountId, peer, dmScope }),
    AccountId: accountId,
    ChatType: "direct",
    SenderName: "Sandbox",
    SenderId: peer.id,
    Provider: ID,
    Surface: ID,
    MessageSid: String(Date.now()),
    Timestamp: Date.now(),
    CommandAuthorized: true,
    OriginatingChannel: ID,
    OriginatingTo: peer.id,
  });
  const { onModelSelected, ...prefix } = sdk.createReplyPrefixOptions({ cfg, agentId, channel: ID, accountId });
  const failed = (action) => (error) => sdk.logTypingFailure({ log: (message) => log?.info?.(message), channel: ID, action, error });
  const typing = sdk.createTypingCallbacks({
    start: async () => {},
    stop: async () => {},
    onStartError: failed("start"),
    onStopError: failed("stop"),
  });
  const said = [];
  const { dispatcher, replyOptions, markDispatchIdle } = reply.createReplyDispatcherWithTyping({
    ...prefix,
    humanDelay: reply.resolveHumanDelayConfig(cfg, agentId),
    onReplyStart: () => typing.onActive?.(),
    deliver: async (payload) => void said.push(payload.text ?? ""),
    onError: async (error) => void said.push(`Error: ${error.message}`),
    onIdle: async () => typing.onIdle?.(),
    onCleanup: () => typing.onCleanup?.(),
  });
  await reply.withReplyDispatcher({
    dispatcher,
    onSettled: () => markDispatchIdle(),
    run: () => reply.dispatchReplyFromConfig({ ctx, cfg, dispatcher, replyOptions: { ...replyOptions, onModelSelected } }),
  });
  return said.join("\n");
}

async function serveFolders(ctx, answered) {
  const [inbox, outbox] = ["inbox", "outbox"].map((name) => path.join(stateDir(), "dingtalk", name));
  for (const dir of [inbox, outbox]) fs.mkdirSync(dir, { recursive: true });
  while (!ctx.abortSignal?.aborted) {
    for (const name of fs.readdirSync(inbox).filter((name) => !name.startsWith(".")).sort()) {
      const text = fs.readFileSync(path.join(inbox, name), "utf8");
      fs.unlinkSync(path.join(inbox, name));
      const result = await answered(text).then((reply) => ({ reply }), (error) => ({ error: error.message }));
      const unfinished = path.join(outbox, `.${name}`);
      fs.writeFileSync(unfinished, JSON.stringify(result));
      fs.renameSync(unfinished, path.join(outbox, name));
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
