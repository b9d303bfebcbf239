# Does /tmp/sleeper hold the number of a sleep that runs?
if [ ! -e /tmp/sleeper ]; then
  echo "There is no file /tmp/sleeper yet."
  exit 1
fi
pid=$(cat /tmp/sleeper)
case $pid in
  '' | *[!0-9]*)
    echo "/tmp/sleeper should hold a process number and nothing else, but it says “$pid”."
    exit 1
    ;;
esac
if [ ! -e "/proc/$pid/comm" ]; then
  echo "No process has the number $pid here. Perhaps it has ended; ps lists the ones that run."
  exit 1
fi
# A program of busybox can be its own process or run under the name of busybox: the command line tells.
words=$(tr '\0' ' ' < "/proc/$pid/cmdline")
case $words in
  *sleep*) ;;
  *)
    echo "Process $pid runs, but it is “$words” and not sleep."
    exit 1
    ;;
esac
echo "sleep is process $pid. On the host the same process has another number, which nobody in here can find out."
