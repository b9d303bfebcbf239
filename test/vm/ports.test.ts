/** Published ports, as they are typed. */
import { describe, expect, test } from "vitest";
import { checkPorts, parsePort, portText } from "../../runtime/vm/ports.ts";

describe("a published port", () => {
  test.each([
    ["8080:80", "127.0.0.1:8080->80/tcp"],
    ["8080:80/udp", "127.0.0.1:8080->80/udp"],
    ["0.0.0.0:8080:80/tcp", "0.0.0.0:8080->80/tcp"],
    ["65535:1", "127.0.0.1:65535->1/tcp"],
  ])("%s is %s", (text, read) => {
    expect(portText(parsePort(text))).toBe(read);
  });

  test.each([
    ["80", /of the form/],
    ["0:80", /from 1 to 65535/],
    ["8080:65536", /from 1 to 65535/],
    ["8080:80/sctp", /neither tcp nor udp/],
    ["example.org:8080:80", /not an IPv4 address/],
    ["127.0.0.1,x=y:8080:80", /not an IPv4 address/],
    ["8080:80/tcp,guestfwd=1", /neither tcp nor udp/],
    ["[::1]:8080:80", /of the form/],
  ])("%s is refused", (text, why) => {
    expect(() => parsePort(text)).toThrow(why);
  });

  test("of the host leads to one place", () => {
    expect(() => checkPorts(["8080:80", "8080:81"].map(parsePort))).toThrow(/cannot lead to two/);
    expect(() => checkPorts(["8080:80", "8080:80/udp", "0.0.0.0:8080:80"].map(parsePort))).not.toThrow();
  });
});
