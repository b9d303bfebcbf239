/* A program for the tests of the tracer that does much at once: threads, children, children that borrow its memory,
   children that are killed while they call, and at the end a thread that becomes another program. Every thread makes
   its calls CALLS times. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 5, THREADS = 8, CALLS = 100 };

static void *work(void *unused) {
  for (int i = 0; i < CALLS; i++) getppid();
  return unused;
}

static void *become(void *program) {
  execl(program, "sh", "-c", "exit 5", NULL);
  return NULL;
}

int main(void) {
  pthread_t threads[THREADS];
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, NULL);
    if (fork() == 0) {
      work(NULL);
      _exit(0);
    }
    const pid_t endless = fork();
    if (endless == 0)
      for (;;) getuid();
    if (vfork() == 0) {
      execl("/bin/true", "true", NULL);
      _exit(1);
    }
    kill(endless, SIGKILL);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    while (wait(NULL) > 0) continue;
  }
  pthread_create(&threads[0], NULL, become, (void *)"/bin/sh");
  for (;;) pause();
}
