/**
 * The rdma controller: handles and objects of RDMA adapters. Kernel: admin-guide/cgroup-v1/rdma.rst;
 * admin-guide/cgroup-v2.rst, "RDMA". config-linux.md, RDMA.
 */
import { type Controller, given } from "./controller.ts";
import { digits, refused, word } from "./values.ts";

const FIELD = "linux.resources.rdma";
const MOST = 0x7fff_ffff;

export const rdma: Controller = {
  name: "rdma",
  why: "Its handles and objects of RDMA adapters are counted.",
  asked: ({ rdma: adapters }) => given(FIELD, { ...adapters }),
  joinedOnV1: false,

  settings({ rdma: adapters = {} }) {
    return Object.entries(adapters).map(([name, { hcaHandles, hcaObjects }]) => {
      const field = `${FIELD}.${name}`;
      const parts = [
        ...(hcaHandles === undefined ? [] : [`hca_handle=${digits(`${field}.hcaHandles`, hcaHandles, 0, MOST)}`]),
        ...(hcaObjects === undefined ? [] : [`hca_object=${digits(`${field}.hcaObjects`, hcaObjects, 0, MOST)}`]),
      ];
      if (parts.length === 0) {
        throw refused(field, {}, "it limits nothing", "give hcaHandles or hcaObjects");
      }
      return { file: "rdma.max", value: [word(field, name), ...parts].join(" "), why: "Limits on one adapter." };
    });
  },

  reports: () => [],
};
