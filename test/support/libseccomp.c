/**
 * libseccomp's answer to a profile: reads rules as text, prints the filter that it makes of them
 * (seccomp_export_bpf(3)). The calls are runc's (libcontainer/seccomp): names are resolved for the machine's own architecture, a rule that the
 * library refuses ends the profile.
 *
 *   begin DEFAULT-ACTION OPTIMIZATION       numbers are decimal; actions are SCMP_ACT_* as 32 bits
 *   architecture TOKEN                      the first one replaces the machine's own
 *   rule ACTION NAME COUNT [INDEX OPERATOR A B]...
 *   end                                     prints `filter HEX` or `refused RULE ERRNO`
 *   names TOKEN FIRST LAST                  prints `names` and NUMBER:NAME for each number that has a call
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_ARGUMENTS = 6 };

struct profile {
  scmp_filter_ctx filter;
  int architectures;
  int rules;
  int refused_rule;
  int refused_errno;
};

static void fail(const char *what) {
  fprintf(stderr, "libseccomp: %s\n", what);
  exit(1);
}

static void begin(struct profile *profile, const char *line) {
  uint32_t action = 0;
  uint32_t optimization = 1;
  if (sscanf(line, "begin %" SCNu32 " %" SCNu32, &action, &optimization) != 2) fail("begin");
  *profile = (struct profile){.filter = seccomp_init(action), .refused_rule = -1};
  if (profile->filter == NULL) fail("seccomp_init");
  if (seccomp_attr_set(profile->filter, SCMP_FLTATR_CTL_OPTIMIZE, optimization) != 0) fail("optimization");
}

static void architecture(struct profile *profile, const char *line) {
  uint32_t token = 0;
  if (sscanf(line, "architecture %" SCNu32, &token) != 1) fail("architecture");
  if (seccomp_arch_exist(profile->filter, token) != 0 && seccomp_arch_add(profile->filter, token) != 0) fail(line);
  if (profile->architectures++ == 0 && token != seccomp_arch_native()) {
    if (seccomp_arch_remove(profile->filter, seccomp_arch_native()) != 0) fail("seccomp_arch_remove");
  }
}

static void rule(struct profile *profile, const char *line) {
  uint32_t action = 0;
  char name[128];
  int count = 0;
  int used = 0;
  int index = profile->rules++;
  struct scmp_arg_cmp arguments[MOST_ARGUMENTS];
  if (sscanf(line, "rule %" SCNu32 " %127s %d%n", &action, name, &count, &used) != 3) fail(line);
  if (count < 0 || count > MOST_ARGUMENTS) fail(line);
  for (int at = 0; at < count; at++) {
    unsigned argument = 0;
    unsigned comparison = 0;
    int more = 0;
    struct scmp_arg_cmp *one = &arguments[at];
    int found = sscanf(line + used, " %u %u %" SCNu64 " %" SCNu64 "%n", &argument, &comparison, &one->datum_a,
                       &one->datum_b, &more);
    if (found != 4) fail(line);
    one->arg = argument;
    one->op = (enum scmp_compare)comparison;
    used += more;
  }
  int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR || profile->refused_rule >= 0) return;
  int result = seccomp_rule_add_array(profile->filter, action, number, (unsigned)count, arguments);
  if (result != 0) {
    profile->refused_rule = index;
    profile->refused_errno = -result;
  }
}

static void print_filter(scmp_filter_ctx filter) {
  int fd = memfd_create("filter", MFD_CLOEXEC);
  if (fd < 0 || seccomp_export_bpf(filter, fd) != 0) fail("seccomp_export_bpf");
  off_t size = lseek(fd, 0, SEEK_END);
  unsigned char *bytes = malloc((size_t)size + 1);
  if (bytes == NULL || pread(fd, bytes, (size_t)size, 0) != size) fail("pread");
  printf("filter ");
  for (off_t at = 0; at < size; at++) printf("%02x", bytes[at]);
  printf("\n");
  free(bytes);
  close(fd);
}

static void end(struct profile *profile) {
  if (profile->refused_rule >= 0) {
    printf("refused %d %d\n", profile->refused_rule, profile->refused_errno);
  } else {
    print_filter(profile->filter);
  }
  seccomp_release(profile->filter);
  profile->filter = NULL;
}

static void names(const char *line) {
  uint32_t token = 0;
  int first = 0;
  int last = -1;
  if (sscanf(line, "names %" SCNu32 " %d %d", &token, &first, &last) != 3) fail("names");
  printf("names");
  for (int number = first; number <= last; number++) {
    char *name = seccomp_syscall_resolve_num_arch(token, number);
    if (name != NULL) printf(" %d:%s", number, name);
    free(name);
  }
  printf("\n");
}

int main(void) {
  struct profile profile = {0};
  char line[1024];
  // As on a current kernel, whatever this one has: API level 6 knows every action.
  if (seccomp_api_set(6) != 0) fail("seccomp_api_set");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strncmp(line, "begin ", 6) == 0) begin(&profile, line);
    else if (strncmp(line, "architecture ", 13) == 0) architecture(&profile, line);
    else if (strncmp(line, "rule ", 5) == 0) rule(&profile, line);
    else if (strncmp(line, "names ", 6) == 0) names(line);
    else if (strncmp(line, "end", 3) == 0) end(&profile);
    else fail(line);
  }
  return 0;
}
