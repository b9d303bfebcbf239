#include "agent-start.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "program.h"
#include "users.h"

namespace ringside::guest {

namespace {

constexpr int kOwnFailure = 125;
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The program's ends, and the terminal's slave among them.
struct Ends {
  Descriptor input;
  Descriptor output;
  Descriptor errors;
  bool isTerminal = false;
};

std::string nameOf(const std::string& variable) { return variable.substr(0, variable.find('=')); }

// A later one of the same name wins.
void set(std::vector<std::string>& variables, const std::string& variable) {
  const std::string head = nameOf(variable) + "=";
  const auto known = std::find_if(variables.begin(), variables.end(), [&](const std::string& other) { return other.rfind(head, 0) == 0; });
  if (known == variables.end()) variables.push_back(variable);
  else *known = variable;
}

// HOME and TERM are each program's own; the rest is that of the machine's own program.
std::vector<std::string> variablesFor(const ExecRequest& request, const Run& run, const std::string& home) {
  std::vector<std::string> variables;
  for (char** variable = run.environment; *variable != nullptr; variable++) {
    const std::string name = nameOf(*variable);
    if (name != "HOME" && name != "TERM") set(variables, *variable);
  }
  set(variables, "HOME=" + home);
  if (request.hasTerminal) set(variables, "TERM=xterm-256color");
  for (const std::string& variable : request.environment) set(variables, variable);
  return variables;
}

std::vector<std::string> candidatesFor(const std::string& program, const std::vector<std::string>& variables) {
  if (program.find('/') != std::string::npos) return {program};
  if (program.empty()) return {};
  std::string path = kDefaultPath;
  for (const std::string& variable : variables) {
    if (variable.rfind("PATH=", 0) == 0) path = variable.substr(5);
  }
  std::vector<std::string> candidates;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find(':', at), path.size());
    candidates.push_back((end == at ? "." : path.substr(at, end - at)) + "/" + program);
    at = end + 1;
  }
  return candidates;
}

std::vector<char*> pointersTo(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool openTerminal(const ExecRequest& request, StartedProgram& ours, Ends& theirs) {
  ours.output = Descriptor(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  int unlock = 0;
  if (!ours.output || ioctl(ours.output.get(), TIOCSPTLCK, &unlock) != 0) return false;
  const int slave = ioctl(ours.output.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) return false;
  theirs.input = Descriptor(slave);
  theirs.isTerminal = true;
  termios line{};
  if (tcgetattr(slave, &line) != 0) return false;
  line.c_iflag |= IUTF8;
  tcsetattr(slave, TCSANOW, &line);
  setSize(slave, request.columns, request.rows);
  return true;
}

// Our end does not wait; the program's does, as programs expect. The program may open its end again by /dev/stdout, so it
// becomes its own.
bool openPipe(bool isInput, uid_t owner, Descriptor& ours, Descriptor& theirs) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0) return false;
  ours = Descriptor(pair[isInput ? 1 : 0]);
  theirs = Descriptor(pair[isInput ? 0 : 1]);
  return fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0 && fchown(theirs.get(), owner, static_cast<gid_t>(-1)) == 0;
}

bool openPipes(const ExecRequest& request, uid_t owner, StartedProgram& ours, Ends& theirs) {
  if (request.hasInput) {
    if (!openPipe(true, owner, ours.input, theirs.input)) return false;
  } else {
    theirs.input = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!theirs.input) return false;
  }
  return openPipe(false, owner, ours.output, theirs.output) && openPipe(false, owner, ours.errors, theirs.errors);
}

Launch launchOf(const Ends& ends) {
  Launch launch{};
  launch.input = ends.input.get();
  launch.output = ends.isTerminal ? ends.input.get() : ends.output.get();
  launch.errors = ends.isTerminal ? ends.input.get() : ends.errors.get();
  launch.terminal = ends.isTerminal ? ends.input.get() : -1;
  return launch;
}

bool fail(StartFailure& failure, int code, std::string reason) {
  failure = StartFailure{code, std::move(reason)};
  return false;
}

std::string findIdentity(const ExecRequest& request, const Run& run, User& user) {
  if (!request.user.empty()) return findUser(request.user, user);
  user = User{run.user, run.group, std::vector<gid_t>(run.groups, run.groups + run.groupCount), homeOf(run.user)};
  return "";
}

}  // namespace

bool startProgram(const ExecRequest& request, const Run& run, StartedProgram& started, StartFailure& failure) {
  User user;
  if (std::string why = findIdentity(request, run, user); !why.empty()) return fail(failure, kOwnFailure, why);
  std::vector<std::string> variables = variablesFor(request, run, user.home);
  std::vector<std::string> candidates = candidatesFor(request.command[0], variables);
  std::vector<std::string> command = request.command;
  const std::vector<char*> environment = pointersTo(variables);
  const std::vector<char*> paths = pointersTo(candidates);
  const std::vector<char*> arguments = pointersTo(command);
  Ends ends;
  const bool isOpen = request.hasTerminal ? openTerminal(request, started, ends) : openPipes(request, user.user, started, ends);
  int channel[2];
  if (!isOpen || pipe2(channel, O_CLOEXEC) != 0) {
    return fail(failure, kOwnFailure, std::string("the guest has no terminal or pipe left: ") + strerror(errno));
  }
  Launch launch = launchOf(ends);
  launch.identity = Identity{user.user, user.group, user.groups.data(), user.groups.size()};
  launch.directory = request.directory.empty() ? run.directory : request.directory.c_str();
  launch.candidates = paths.data();
  launch.arguments = arguments.data();
  launch.environment = environment.data();
  started.pid = fork();
  if (started.pid == 0) becomeProgram(launch, channel[1]);
  close(channel[1]);
  if (started.pid < 0) {
    close(channel[0]);
    return fail(failure, kOwnFailure, std::string("the guest cannot start another process: ") + strerror(errno));
  }
  const int error = execFailure(channel[0]);
  return error == 0 || fail(failure, exitCodeOf(error), strerror(error));
}

}  // namespace ringside::guest
