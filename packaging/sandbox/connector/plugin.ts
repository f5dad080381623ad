// A DingTalk connector whose cloud is two folders of the state directory.
//
// A file dingtalk/inbox/NAME with a text in it is a message from a DingTalk user. As connector 0.6.0 does, it is taken to the
// gateway's own /v1/chat/completions with the process' global fetch, and what comes of it is written to dingtalk/outbox/NAME:
// {"reply": "…"} or {"error": "…"}. A file dingtalk/refusal holds what DingTalk says to whoever wants to connect.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const ID = "dingtalk-connector";
const LOOK_EVERY_MS = 100;

const stateDir = () => process.env.OPENCLAW_STATE_DIR || path.join(os.homedir(), ".openclaw");
const section = (cfg: any) => cfg?.channels?.[ID] ?? {};
const gatewayPort = (cfg: any) => process.env.OPENCLAW_GATEWAY_PORT || cfg?.gateway?.port || 18789;

async function askGateway(cfg: any, text: string): Promise<string> {
  const { gatewayToken } = section(cfg);
  const response = await fetch(`http://127.0.0.1:${gatewayPort(cfg)}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(gatewayToken ? { Authorization: `Bearer ${gatewayToken}` } : {}) },
    body: JSON.stringify({ model: "default", messages: [{ role: "user", content: text }], stream: false, user: "sandbox" }),
  });
  if (!response.ok) throw new Error(`Gateway error: ${response.status} - ${await response.text()}`);
  return ((await response.json()) as any).choices?.[0]?.message?.content ?? "";
}

async function answer(cfg: any, inbox: string, outbox: string, name: string, log: any) {
  const text = fs.readFileSync(path.join(inbox, name), "utf8");
  fs.unlinkSync(path.join(inbox, name));
  let result: object;
  try {
    result = { reply: await askGateway(cfg, text) };
  } catch (error: any) {
    log?.error?.(`[DingTalk] Gateway call failed: ${error.message}`);
    result = { error: error.message, cause: String(error.cause?.message ?? error.cause ?? "") };
  }
  const unfinished = path.join(outbox, `.${name}`);
  fs.writeFileSync(unfinished, JSON.stringify(result));
  fs.renameSync(unfinished, path.join(outbox, name));
}

async function serveFolders(ctx: any) {
  const [inbox, outbox] = ["inbox", "outbox"].map((name) => path.join(stateDir(), "dingtalk", name));
  for (const dir of [inbox, outbox]) fs.mkdirSync(dir, { recursive: true });
  while (!ctx.abortSignal?.aborted) {
    for (const name of fs.readdirSync(inbox).filter((name) => !name.startsWith(".")).sort())
      await answer(ctx.cfg, inbox, outbox, name, ctx.log);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

const channel = {
  id: ID,
  meta: {
    id: ID,
    label: "DingTalk",
    selectionLabel: "DingTalk (sample)",
    docsPath: "/channels/dingtalk-connector",
    blurb: "DingTalk without DingTalk, for tests and the demonstration.",
    aliases: [],
  },
  capabilities: { chatTypes: ["direct"], reactions: false, threads: false, media: false, nativeCommands: false, blockStreaming: false },
  reload: { configPrefixes: [`channels.${ID}`] },
  config: {
    listAccountIds: (cfg: any) => (section(cfg).clientId && section(cfg).clientSecret ? ["default"] : []),
    resolveAccount: (cfg: any) => ({ accountId: "default", config: section(cfg), enabled: section(cfg).enabled !== false }),
    defaultAccountId: () => "default",
    isConfigured: (account: any) => Boolean(account.config?.clientId && account.config?.clientSecret),
    describeAccount: (account: any) => ({ accountId: "default", name: "DingTalk", enabled: account.enabled, configured: true }),
  },
  outbound: {
    deliveryMode: "direct" as const,
    sendText: async ({ to }: any) => ({ channel: ID, messageId: String(to) }),
  },
  gateway: {
    startAccount: async (ctx: any) => {
      ctx.log?.info(`[${ctx.account.accountId}] sample connector: listening in ${path.join(stateDir(), "dingtalk")}`);
      const refusal = path.join(stateDir(), "dingtalk", "refusal");
      if (fs.existsSync(refusal)) throw new Error(fs.readFileSync(refusal, "utf8").trim());
      ctx.log?.info(`[${ctx.account.accountId}] 钉钉 Stream 客户端已连接`);
      console.info(`[${new Date().toISOString()}] connect success`);
      await serveFolders(ctx);
    },
  },
};

export default {
  id: ID,
  name: "DingTalk Channel (sample)",
  description: "DingTalk without DingTalk, for tests and the demonstration",
  configSchema: { type: "object", additionalProperties: true, properties: { enabled: { type: "boolean", default: true } } },
  register(api: any) {
    api.registerChannel({ plugin: channel });
    api.logger?.info("[DingTalk] sample connector registered");
  },
};
