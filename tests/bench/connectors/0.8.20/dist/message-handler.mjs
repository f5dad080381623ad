const { createReplyPrefixOptions, createTypingCallbacks, logTypingFailure } = await import("openclaw/plugin-sdk/channel-runtime");

export { createReplyPrefixOptions, createTypingCallbacks, logTypingFailure };
