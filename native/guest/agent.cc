#include "agent.h"

#include <algorithm>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ringside::guest {

namespace {

constexpr const char* kPorts = "/sys/class/virtio-ports";
constexpr const char* kPrefix = "ringside.";
constexpr uint32_t kKernelEvents = 1;  // the group of NETLINK_KOBJECT_UEVENT that the kernel itself speaks to

// Ports come after their bus, and their names after them: the kernel tells of both, see netlink(7).
Descriptor listenForDevices() {
  Descriptor news(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelEvents;
  if (news && bind(news.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) news.reset();
  return news;
}

std::string readLine(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[128];
  const ssize_t count = file ? read(file.get(), text, sizeof text) : 0;
  std::string line(text, count > 0 ? static_cast<size_t>(count) : 0);
  return line.substr(0, line.find('\n'));
}

}  // namespace

Agent::Agent(Loop& loop, Machine& machine, const Run& run)
    : loop_(loop), machine_(machine), run_(run), news_(listenForDevices()) {
  if (news_) loop_.add(news_.get(), EPOLLIN, *this);
  findPorts();
}

void Agent::onReady(uint32_t) {
  char event[4096];
  while (recv(news_.get(), event, sizeof event, 0) > 0) {
  }
  findPorts();
}

void Agent::findPorts() {
  DIR* directory = opendir(kPorts);
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    const std::string device = entry->d_name;
    const std::string name = readLine(std::string(kPorts) + "/" + device + "/name");
    if (name.rfind(kPrefix, 0) == 0) openPort(device, name);
  }
  closedir(directory);
}

// A port has one opener at a time; a name that is taken is one that we have.
void Agent::openPort(const std::string& device, const std::string& name) {
  const auto isKnown = [&name](const std::unique_ptr<AgentPort>& port) { return port->name() == name; };
  if (std::any_of(ports_.begin(), ports_.end(), isKnown)) return;
  Descriptor port(open(("/dev/" + device).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (port) ports_.push_back(std::make_unique<AgentPort>(name, std::move(port), loop_, machine_, run_));
}

void Agent::reaped(pid_t pid, int status) {
  for (const std::unique_ptr<AgentPort>& port : ports_) {
    if (port->reaped(pid, status)) return;
  }
}

bool Agent::hasMore() const {
  return std::any_of(ports_.begin(), ports_.end(), [](const std::unique_ptr<AgentPort>& port) { return port->hasMore(); });
}

void Agent::moveOn() {
  for (const std::unique_ptr<AgentPort>& port : ports_) {
    if (port->hasMore()) port->move();
  }
}

}  // namespace ringside::guest
