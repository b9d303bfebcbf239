# Does /tmp/init hold the name of process 1?
expected=$(cat /proc/1/comm)
if [ ! -e /tmp/init ]; then
  echo "There is no file /tmp/init yet."
  exit 1
fi
found=$(cat /tmp/init)
if [ "$found" != "$expected" ]; then
  echo "/tmp/init says “$found”, but that is not the name of process 1. Its name is in the file comm of its directory below /proc."
  exit 1
fi
echo "Process 1 is $expected: the program that this container was started for."
