/**
 * Makes system calls of three kinds from one program and prints what the kernel answers: `64 NUMBER FIRST SECOND`,
 * `32 …` (int 0x80, as 32-bit programs do) and `x32 …` (the number's bit 30 set). Each call is made by a child, so that
 * one that is killed is seen: `signal N`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { X32_BIT = 0x40000000 };

static long call64(long number, long first, long second) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(0L) : "rcx", "r11", "memory");
  return result;
}

static long call32(long number, long first, long second) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"((int)number), "b"((int)first), "c"((int)second), "d"(0) : "memory");
  return result;
}

static long call(const char *kind, long number, long first, long second) {
  if (strcmp(kind, "32") == 0) return call32(number, first, second);
  return call64(strcmp(kind, "x32") == 0 ? number | X32_BIT : number, first, second);
}

int main(int count, char **words) {
  for (int at = 1; at + 3 < count; at += 4) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      printf("%ld\n", call(words[at], atol(words[at + 1]), atol(words[at + 2]), atol(words[at + 3])));
      fflush(stdout);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) printf("signal %d\n", WTERMSIG(status));
  }
  return 0;
}
