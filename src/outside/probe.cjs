// Asks what it is told to ask, and returns the finished table: for each question how long each stage
// took, and where it ended. Runs in the gateway's own Node.js, so that names, addresses and
// certificates are what the gateway finds. Called as probe(questions); prints one JSON array, in the
// order of the questions.
"use strict";
const crypto = require("node:crypto");
const http = require("node:http");
const net = require("node:net");
const tls = require("node:tls");

const BODY_LIMIT = 8192;

function probe(questions) {
  // A name server that is silent keeps Node's threads, and Node with them, long after our patience.
  const end = () => process.kill(process.pid, "SIGKILL");
  const rows = [];
  for (const question of questions) rows.push(ask(question, question.follows ? rows.at(-1) : null));
  Promise.all(rows).then((table) => process.stdout.write(JSON.stringify(table), end));
}

async function ask(question, previous) {
  const stream = streamOf(question, await previous);
  const trip = new Trip(question.timeoutMs);
  const row = { subject: question.subject, way: question.way, stages: trip.stages };
  try {
    return { ...row, ...(await Promise.race([travel(question, stream, trip), trip.overdue])) };
  } catch (error) {
    return { ...row, failedStage: trip.stage, failedCode: codeOf(error) };
  } finally {
    trip.end();
  }
}

// The address of the WebSocket that the question before was granted.
function streamOf(question, previous) {
  if (!previous || question.body != null) return null;
  try {
    const { endpoint, ticket } = JSON.parse(previous.body);
    return endpoint && ticket ? `${endpoint}?ticket=${ticket}` : null;
  } catch {
    return null;
  }
}

// What has been passed so far, and how long each part took in milliseconds.
class Trip {
  constructor(timeoutMs) {
    this.stages = [];
    this.stage = "dns";
    this.mark = performance.now();
    this.sockets = [];
    this.overdue = new Promise((_, reject) => {
      this.timer = setTimeout(() => reject(Object.assign(new Error(), { code: "ETIMEDOUT" })), timeoutMs);
    });
  }

  passed(stage, next) {
    const now = performance.now();
    this.stages.push({ stage, millis: Math.round(now - this.mark) });
    this.mark = now;
    this.stage = next;
  }

  holds(socket) {
    this.sockets.push(socket);
    return socket;
  }

  end() {
    clearTimeout(this.timer);
    for (const socket of this.sockets) socket.destroy();
  }
}

async function travel(question, stream, trip) {
  const url = new URL((stream ?? question.url).replace(/^ws/, "http"));
  const secure = url.protocol === "https:";
  const host = bare(url.hostname);
  const port = Number(url.port) || (secure ? 443 : 80);
  let socket = question.proxy
    ? await tunnel(new URL(question.proxy), url.hostname, port, trip)
    : await connect(host, port, trip);
  if (secure) {
    trip.stage = "tls";
    socket = await encrypted(socket, host, trip);
    trip.passed("tls", "http");
  }
  trip.stage = "http";
  return stream ? handshake(question, url, socket, trip) : exchange(question, url, socket, trip);
}

function connect(host, port, trip) {
  return new Promise((resolve, reject) => {
    const socket = trip.holds(net.connect({ host, port, autoSelectFamily: true }));
    const isName = net.isIP(host) === 0;
    if (!isName) trip.stage = "tcp";
    socket.once("lookup", (error) => {
      if (!error && isName) trip.passed("dns", "tcp");
    });
    socket.once("error", reject);
    socket.once("connect", () => {
      trip.passed("tcp", "http");
      resolve(socket);
    });
  });
}

// As undici does for every request through a proxy, and axios since 1.15: CONNECT.
async function tunnel(proxy, hostname, port, trip) {
  const host = bare(proxy.hostname);
  const secure = proxy.protocol === "https:";
  let socket = await connect(host, Number(proxy.port) || (secure ? 443 : 80), trip);
  trip.stage = "proxy";
  if (secure) socket = await encrypted(socket, host, trip);
  const target = `${hostname}:${port}`;
  const headers = { host: target };
  if (proxy.username) {
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers["proxy-authorization"] = `Basic ${Buffer.from(login).toString("base64")}`;
  }
  await new Promise((resolve, reject) => {
    const request = http.request({ method: "CONNECT", path: target, headers, createConnection: () => socket });
    request.once("error", reject);
    request.once("response", (response) => reject(refusal(response)));
    request.once("connect", (response) => (response.statusCode === 200 ? resolve() : reject(refusal(response))));
    request.end();
  });
  trip.passed("proxy", "tls");
  return socket;
}

function refusal(response) {
  return Object.assign(new Error(), { code: `HTTP ${response.statusCode}` });
}

function encrypted(socket, host, trip) {
  return new Promise((resolve, reject) => {
    const servername = net.isIP(host) ? undefined : host;
    const secured = trip.holds(tls.connect({ socket, host, servername, ALPNProtocols: ["http/1.1"] }));
    secured.once("error", reject);
    secured.once("secureConnect", () => resolve(secured));
  });
}

function request(question, url, socket, headers) {
  const path = url.pathname + url.search;
  return http.request({
    method: question.body == null ? "GET" : "POST", path, headers: { host: url.host, ...question.headers, ...headers }, createConnection: () => socket,
  });
}

function exchange(question, url, socket, trip) {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(question.body ?? "");
    const headers = question.body == null ? {} : { "content-length": body.length };
    const asked = request(question, url, socket, { ...headers, connection: "close" });
    hear(asked, trip, resolve, reject);
    asked.end(body);
  });
}

// The answer: its status, and of its body no more than is looked at.
function hear(asked, trip, resolve, reject) {
  asked.once("error", reject);
  asked.once("response", (response) => {
    trip.passed("http", "http");
    let body = Buffer.alloc(0);
    response.on("data", (part) => {
      if (body.length < BODY_LIMIT) body = Buffer.concat([body, part]);
    });
    response.once("error", reject);
    response.once("end", () => {
      resolve({ status: response.statusCode, body: body.subarray(0, BODY_LIMIT).toString() });
    });
  });
}

// A WebSocket is opened and closed again at once: whoever has one may be sent somebody's message.
function handshake(question, url, socket, trip) {
  return new Promise((resolve, reject) => {
    const key = crypto.randomBytes(16).toString("base64");
    const asked = request(question, url, socket, {
      connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": key,
    });
    hear(asked, trip, resolve, reject);
    asked.once("upgrade", (response, opened) => {
      if (response.headers["sec-websocket-accept"] !== accepted(key)) return reject(new Error("not a WebSocket"));
      trip.passed("http", "http");
      const closing = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
      opened.end(closing, () => resolve({ status: 101, body: "" }));
    });
    asked.end();
  });
}

function accepted(key) {
  return crypto.createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

function bare(hostname) {
  return hostname.replace(/^\[|\]$/g, "");
}

// Never a message: it could hold what was asked.
function codeOf(error) {
  return String(error.code ?? error.errors?.[0]?.code ?? error.name);
}
