{
  "target_defaults": {
    "default_configuration": "Release",
    "cflags!": ["-fno-exceptions"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
    "cflags_cc": ["-std=c++20"],
    "cflags": ["-Wall", "-Wextra", "-Werror", "-O2", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"],
  },
  "targets": [
    {
      "target_name": "ringside",
      "sources": [
        "addon/addon.cc", "addon/launcher.cc", "addon/messages.cc", "addon/poll.cc", "addon/files.cc",
        "addon/cgroups.cc", "device-filter.cc", "addon/trace.cc", "addon/tracer.cc", "addon/trace-memory.cc", "launcher/socket.cc",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags_cc": ["-fno-exceptions", "-fvisibility=hidden"],
    },
    {
      "target_name": "ringside-launcher",
      "type": "executable",
      "sources": [
        "launcher/main.cc", "launcher/monitor.cc", "launcher/monitor-log.cc", "launcher/monitor-viewers.cc",
        "launcher/monitor-record.cc", "launcher/plan.cc", "launcher/container.cc", "launcher/operations.cc",
        "launcher/mounts.cc", "launcher/nodes.cc", "launcher/walk.cc", "launcher/trees.cc", "launcher/guards.cc",
        "launcher/copy-up.cc", "launcher/identity.cc", "launcher/terminal.cc", "launcher/files.cc",
        "launcher/socket.cc", "launcher/seal.cc", "launcher/cgroups.cc", "device-filter.cc",
      ],
      "cflags_cc": ["-fno-exceptions", "-fno-rtti"],
      "ldflags": ["-static", "-s"],
    },
    {
      "target_name": "ringside-probe",
      "type": "executable",
      "sources": ["probe.c"],
      "cflags!": ["-fstack-protector-strong"],
      "cflags": ["-fno-stack-protector", "-ffreestanding", "-fno-pie"],
      "ldflags": ["-static", "-nostdlib", "-nostartfiles", "-no-pie", "-s"],
    },
    {
      "target_name": "ringside-getppid-loop",
      "type": "executable",
      "sources": ["getppid-loop.c"],
      "cflags!": ["-fstack-protector-strong"],
      "cflags": ["-fno-stack-protector", "-ffreestanding", "-fno-pie"],
      "ldflags": ["-static", "-nostdlib", "-nostartfiles", "-no-pie", "-s"],
    },
    {
      "target_name": "ringside-oci",
      "type": "executable",
      "sources": ["oci.cc"],
      "cflags_cc": ["-fno-exceptions", "-fno-rtti"],
      "ldflags": ["-static", "-s"],
    },
    {
      "target_name": "ringside-init",
      "type": "executable",
      "sources": ["guest/init.cc"],
      "cflags_cc": ["-fno-exceptions", "-fno-rtti"],
      "ldflags": ["-static", "-s"],
    },
  ],
}
