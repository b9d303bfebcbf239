/**
 * The devices that somebody has asked for, as arguments of QEMU: virtio devices, on the bus that the machine has (virtio
 * over MMIO on microvm, over PCI on q35). qemu(1), docs/system/devices/virtio-*.rst of QEMU.
 */
import type { VmDirectory } from "./directory.ts";
import type { GuestDevices, GuestNetwork, GuestRequest, MachineType, PortForward } from "./vmm.ts";

/** How the name of a virtio device ends, by the bus that it is on. */
const BUS: Readonly<Record<MachineType, "device" | "pci" | "ccw">> = {
  microvm: "device",
  q35: "pci",
  "s390-ccw-virtio": "ccw",
};

export interface DeviceOptions {
  readonly machine: MachineType;
  readonly devices: GuestDevices;
  readonly console: GuestRequest["console"];
  readonly directory: VmDirectory;
}

/** @returns nothing where nothing was asked for */
export function deviceArguments(options: DeviceOptions): string[] {
  return [...serialPorts(options), ...disk(options), ...network(options)];
}

/** One bus of virtio-serial for the agent's ports and the console. It has room for as many as there are, and port 0. */
function serialPorts({ machine, devices, console, directory }: DeviceOptions): string[] {
  const ports = devices.agent === true ? directory.ports : [];
  const hasConsole = console === "virtio";
  if (ports.length === 0 && !hasConsole) return [];
  return [
    ...["-device", `virtio-serial-${BUS[machine]},id=ports,max_ports=${ports.length + 1}`],
    // Port 0 is the console's: virtio specification, 5.3.
    ...(hasConsole ? ["-device", "virtconsole,chardev=console,bus=ports.0,nr=0"] : []),
    ...ports.flatMap(({ name, socket }, index) => [
      ...["-chardev", `socket,id=port${index},path=${socket.replaceAll(",", ",,")},server=on,wait=off`],
      ...["-device", `virtserialport,chardev=port${index},bus=ports.0,nr=${index + 1},name=${name}`],
    ]),
  ];
}

/** As JSON, in which a path may hold anything. QEMU opens the file for reading only, whatever the guest asks of it. */
function disk({ machine, devices }: DeviceOptions): string[] {
  if (devices.disk === undefined) return [];
  const node = {
    driver: "raw",
    "node-name": "root",
    "read-only": true,
    file: { driver: "file", filename: devices.disk.path, "read-only": true, locking: "off" },
  };
  return ["-blockdev", JSON.stringify(node), "-device", `virtio-blk-${BUS[machine]},drive=root`];
}

/** Without a boot ROM, which only a guest that boots from the network would run. */
function network({ machine, devices }: DeviceOptions): string[] {
  if (devices.network === undefined) return [];
  const noRom = BUS[machine] === "pci" ? ",romfile=" : "";
  return [
    ...["-netdev", networkOptions(devices.network)],
    ...["-device", `virtio-net-${BUS[machine]},netdev=network${noRom}`],
  ];
}

/** `restrict` keeps the guest from whoever has not come to it: its gateway would be the host's own loopback. */
function networkOptions({ forwards, reachesOut = false }: GuestNetwork): string {
  return ["user,id=network,ipv6=off", `restrict=${reachesOut ? "off" : "on"}`, ...forwards.map(forwardOption)].join(
    ",",
  );
}

function forwardOption({ address, hostPort, guestPort, protocol }: PortForward): string {
  return `hostfwd=${protocol}:${address}:${hostPort}-:${guestPort}`;
}
