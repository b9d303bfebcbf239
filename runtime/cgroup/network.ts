/**
 * The controllers net_cls and net_prio of v1: a number on a container's packets for tc(8) and nftables, and their priority
 * on each interface. Kernel: admin-guide/cgroup-v1/net_cls.rst, net_prio.rst. config-linux.md, Network. v2 has neither:
 * there nftables matches the group itself (socket cgroupv2).
 */
import { type Controller, given } from "./controller.ts";
import { digits, word } from "./values.ts";

const FIELD = "linux.resources.network";
const MOST = 0xffff_ffff;

export const netCls: Controller = {
  name: "net_cls",
  unifiedName: null,
  why: "Its packets carry a number that tc and nftables can match.",
  asked: ({ network: { classID } = {} }) => given(FIELD, { classID }),
  joinedOnV1: false,

  settings({ network: { classID } = {} }) {
    if (!classID) return [];
    const value = digits(`${FIELD}.classID`, classID, 0, MOST);
    return [{ file: "net_cls.classid", value, why: "The number on its packets." }];
  },

  reports: () => [],
};

export const netPrio: Controller = {
  name: "net_prio",
  unifiedName: null,
  why: "Its packets have a priority on each interface.",
  asked: ({ network: { priorities } = {} }) => given(FIELD, { priorities }),
  joinedOnV1: false,

  settings({ network: { priorities = [] } = {} }) {
    return priorities.map(({ name, priority }, index) => {
      const field = `${FIELD}.priorities[${index}]`;
      const value = `${word(`${field}.name`, name)} ${digits(`${field}.priority`, priority, 0, MOST)}`;
      return { file: "net_prio.ifpriomap", value, why: "The priority of its packets on one interface." };
    });
  },

  reports: () => [],
};
