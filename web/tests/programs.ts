// Writes the programs for the calls on stdin, as the page shows them: [[name, call, origin], …] -> {name: {way: program}}.
import { readFileSync } from "node:fs";
import { CALLS } from "../src/parts/calls.ts";
import { type Call, codeFor, WAYS } from "../src/parts/callCode.ts";

const asked = JSON.parse(readFileSync(0, "utf8")) as [string, Call, string][];
const programs = Object.fromEntries(asked.map(([name, call, origin]) => [name, Object.fromEntries(WAYS.map((way) => [way, codeFor(way, call, origin)]))]));
console.log(JSON.stringify({ programs, calls: CALLS }));
