# Does every task; what background processes write must not go to this script's output.
set -e
cat /proc/1/comm > /tmp/init

sleep 9999 < /dev/null > /dev/null 2>&1 &
echo $! > /tmp/sleeper

hostname moon 2> /tmp/refused && exit 1

httpd -p 80 -h /srv/www < /dev/null > /dev/null 2>&1

# What to enter for a task that asks: input TASK VALUE.
echo "input shared user and time"
