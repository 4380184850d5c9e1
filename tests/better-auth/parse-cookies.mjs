// Reads a JSON array of Cookie headers, and writes what better-call, Better Auth's router, makes of each: a JSON array of
// [name, value] pairs. A character is a byte, as Node gives headers to better-call.
import { text } from "node:stream/consumers";
import { parseCookies } from "better-call";

const headers = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(headers.map((header) => [...parseCookies(header)])));
