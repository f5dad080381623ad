const channelRuntimeModule = (await import("openclaw/plugin-sdk/channel-runtime")) as any;

export const { createReplyPrefixOptions, createTypingCallbacks, logTypingFailure } = channelRuntimeModule;
