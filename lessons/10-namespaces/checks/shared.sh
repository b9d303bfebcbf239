# Are the namespaces named that this container shares with the host?
# The kernel numbers the ones that it starts with itself; those made later begin at 0xF0000000 (include/linux/proc_ns.h).
first_made_later=4026531840
expected=
for link in /proc/1/ns/*; do
  type=${link##*/}
  case $type in *_for_children) continue ;; esac
  number=$(readlink "$link" | tr -dc '0-9')
  if [ "$number" -lt "$first_made_later" ]; then expected="$expected$type
"; fi
done
named=$(echo "$INPUT" | tr -s ', ' '\n\n' | grep -v '^and$' | sort -u)
expected=$(printf %s "$expected" | sort -u)
for type in $named; do
  if [ ! -e "/proc/1/ns/$type" ]; then
    echo "There is no type of namespace called “$type”. The names are those in /proc/self/ns."
    exit 1
  fi
  if ! echo "$expected" | grep -qx "$type"; then
    echo "The $type namespace is the container's own: its number is $(readlink "/proc/1/ns/$type" | tr -dc '0-9')."
    exit 1
  fi
done
if [ "$named" != "$expected" ]; then
  echo "That is right so far, but it is not all."
  exit 1
fi
echo "Right: $(echo $expected). Everything else was made for this container."
