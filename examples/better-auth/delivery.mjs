// Sends messages to one receiver, signed as Standard Webhooks asks, until they have arrived.

import { createHmac, randomUUID } from "node:crypto";

// More than these wait for nobody: they become one message that forgets everything.
export const CAPACITY = 1000;

const AT_ONCE = 8;
const TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const LOG_EVERY_MS = 10_000;

export function message(type, data = {}) {
  const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
  let arrived;
  const whenDone = new Promise((resolve) => {
    arrived = resolve;
  });
  return { id: `msg_${randomUUID()}`, body, arrived, whenDone };
}

// `whsec_` and 24 to 64 bytes in base64, as the Rust side takes it.
export function parseSecret(secret) {
  const encoded = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(secret ?? "")?.[1];
  const key = Buffer.from(encoded ?? "", "base64");
  if (key.length >= 24 && key.length <= 64) return key;
  throw new Error('the webhook secret is not one: make it with `echo "whsec_$(openssl rand -base64 32)"`');
}

// The id stays the same when a message is sent again, the time does not.
export function sign(key, id, body, seconds = Math.floor(Date.now() / 1000)) {
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${signature}`,
  };
}

export class Delivery {
  #url;
  #key;
  #log;
  #queue = [];
  #inFlight = 0;
  #failures = 0;
  #pause = null;
  #loggedAt = -Infinity;

  constructor(url, key, log) {
    this.#url = new URL(url);
    this.#key = key;
    this.#log = log;
  }

  // A promise that is kept when the message has arrived, or another that says as much.
  send(type, data) {
    const next = message(type, data);
    this.#queue.push(next);
    if (this.#queue.length > CAPACITY) this.#collapse();
    this.#pump();
    return next.whenDone;
  }

  #collapse() {
    const [all, lost] = [message("everything"), this.#queue];
    this.#queue = [all];
    all.whenDone.then(() => lost.forEach(({ arrived }) => arrived()));
  }

  // One at a time while the receiver fails, several while it does not: the order of revocations does not matter.
  #pump() {
    while (!this.#pause && this.#queue.length > 0 && this.#inFlight < (this.#failures ? 1 : AT_ONCE)) {
      this.#deliver(this.#queue.shift());
    }
  }

  async #deliver(next) {
    this.#inFlight += 1;
    const failure = await this.#post(next);
    this.#inFlight -= 1;
    if (failure === null) {
      this.#failures = 0;
      next.arrived();
    } else {
      // To the end, so that one which is never taken holds up no other.
      this.#queue.push(next);
      this.#wait(failure);
    }
    this.#pump();
  }

  // Why it has not arrived, or null.
  async #post({ id, body }) {
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: sign(this.#key, id, body),
        body,
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (response.ok) return null;
      return `it answered ${response.status}`;
    } catch (error) {
      return error.cause?.code ?? error.name;
    }
  }

  #wait(failure) {
    if (this.#pause) return;
    this.#failures += 1;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#pump();
    }, pause * (0.5 + Math.random() / 2));
    // A receiver that is away keeps no process alive.
    this.#pause.unref?.();
    this.#warn(failure);
  }

  #warn(failure) {
    if (performance.now() - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = performance.now();
    const waiting = `${this.#queue.length} waiting`;
    this.#log(`revocations are not delivered to ${this.#url.host}: ${failure}; ${waiting}, sent again until they arrive`);
  }
}
