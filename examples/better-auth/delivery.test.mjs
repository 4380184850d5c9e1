import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { CAPACITY, Delivery, parseSecret, sign } from "./delivery.mjs";

// A test that waits for what does not come has an end.
const LIMIT = { timeout: 30_000 };

const SECRET = "whsec_ZXhhbXBsZSBzZWNyZXQsIG1ha2UgeW91ciBvd24h";
const KEY = parseSecret(SECRET);

// A receiver that answers what `answer` says, and keeps what it is sent.
async function receiver(t, answer = () => 204) {
  const received = [];
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const chunk of req.setEncoding("utf8")) body += chunk;
    const status = answer(received.length, body);
    received.push({ headers: req.headers, body, status });
    res.writeHead(status).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections?.() ?? server.close());
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}/`, received };
}

const types = (received) => received.map(({ body }) => JSON.parse(body).type);

test("the reference implementation takes what is sent", LIMIT, async (t) => {
  const { url, received } = await receiver(t);
  await new Delivery(url, KEY, assert.fail).send("user.banned", { userId: "ü1" });
  const [{ headers, body }] = received;
  const verified = new Webhook(SECRET).verify(body, headers);
  assert.equal(verified.type, "user.banned");
  assert.deepEqual(verified.data, { userId: "ü1" });
});

test("it signs as the reference implementation does", LIMIT, () => {
  const at = new Date(1614265330 * 1000);
  const expected = new Webhook(SECRET).sign("msg_1", at, "{}");
  assert.equal(sign(KEY, "msg_1", "{}", 1614265330)["webhook-signature"], expected);
});

test("a message is sent until it has arrived, under one id and with a time of its own each time", LIMIT, async (t) => {
  const { url, received } = await receiver(t, (count) => [503, 500, 401, 204][count]);
  const logged = [];
  const delivery = new Delivery(url, KEY, (text) => logged.push(text));
  await delivery.send("user.banned", { userId: "u1" });
  assert.deepEqual(received.map(({ status }) => status), [503, 500, 401, 204]);
  assert.equal(new Set(received.map(({ headers }) => headers["webhook-id"])).size, 1);
  for (const { headers, body } of received) new Webhook(SECRET).verify(body, headers);
  assert.equal(logged.length, 1);
  assert.match(logged[0], /it answered 503/);
  assert.doesNotMatch(logged[0], /whsec|u1/);
});

test("a message that is never taken holds up no other", LIMIT, async (t) => {
  const { url, received } = await receiver(t, (_, body) => (body.includes("odd") ? 400 : 204));
  const delivery = new Delivery(url, KEY, () => {});
  delivery.send("odd");
  while (received.length === 0) await sleep(5);
  for (const type of ["a", "b", "c"]) await delivery.send(type);
  assert.deepEqual(types(received).filter((type) => type !== "odd"), ["a", "b", "c"]);
});

test("what waits is bounded, and becomes one message that forgets everything", LIMIT, async (t) => {
  let isAway = true;
  const { url, received } = await receiver(t, () => (isAway ? 503 : 204));
  const delivery = new Delivery(url, KEY, () => {});
  const sent = [];
  for (let number = 0; number < CAPACITY + 100; number += 1) {
    sent.push(delivery.send("user.updated", { userId: String(number) }));
  }
  await sleep(50);
  isAway = false;
  received.length = 0;
  await Promise.all(sent);
  assert.ok(types(received).includes("everything"));
  assert.ok(received.length < 200, `${received.length}`);
});

test("a secret that is none is refused, and not repeated", LIMIT, () => {
  for (const secret of [undefined, "", "hunter2", "whsec_aHVudGVyMg==", "whsec_hunter2!"]) {
    assert.throws(() => parseSecret(secret), (error) => !error.message.includes("hunter2"));
  }
});
