import { defineBundledChannelEntry } from "openclaw/plugin-sdk/channel-entry-contract";

export default defineBundledChannelEntry({ id: "dingtalk-connector", importMetaUrl: import.meta.url });
