/* Exchanges two names for as long as its standard input is open: renameat2(2), RENAME_EXCHANGE. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

int main(int count, char** names) {
  if (count != 3) return 1;
  struct pollfd input = {0, POLLIN, 0};
  for (unsigned long turn = 0;; turn++) {
    if (renameat2(AT_FDCWD, names[1], AT_FDCWD, names[2], RENAME_EXCHANGE) < 0) return 1;
    if (turn == 0 && (puts("exchanging") < 0 || fflush(stdout) != 0)) return 1;
    if (turn % 64 == 0 && poll(&input, 1, 0) != 0) return 0;
  }
}
