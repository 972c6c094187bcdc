import { expect, it } from "vitest";
import { readPasted } from "./pasted";

const hex = "8f3c2b7e9a4d4c1fb6e05d7a91c3f240";

it.each([
  [hex, hex],
  [` ${hex.toUpperCase()} `, hex],
  ["8f3c2b7e-9a4d-4c1f-b6e0-5d7a91c3f240", hex],
  ["b91f4e0c8d7a6b5c", "b91f4e0c8d7a6b5c"],
  ["SHOP-API-3F", "SHOP-API-3F"],
  [`https://errors.example.com/organizations/main/replays/${hex}/?t=3`, hex],
  ["https://errors.example.com/organizations/main/issues/101/", "101"],
  [`https://${hex}@errors.example.com/7`, hex],
  ["panic in checkout", null],
  ["null-pointer", null],
  ["", null],
])("%s", (text, id) => expect(readPasted(text).id).toBe(id));
