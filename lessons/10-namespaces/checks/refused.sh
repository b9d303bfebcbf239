# Was setting the host name refused, and the refusal kept?
if [ ! -e /tmp/refused ]; then
  echo "There is no file /tmp/refused yet."
  exit 1
fi
if [ ! -s /tmp/refused ]; then
  echo "/tmp/refused is empty. Complaints go to standard error: redirect it with 2> instead of >."
  exit 1
fi
if ! grep -qi 'not permitted' /tmp/refused; then
  echo "/tmp/refused does not hold a refusal by the kernel. It says: $(head -n 1 /tmp/refused | cut -c 1-200)"
  exit 1
fi
effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/1/status)
if [ $((0x$effective >> 21 & 1)) -ne 0 ]; then
  echo "This container was started with CAP_SYS_ADMIN, so the kernel would not have refused. Reset the lab."
  exit 2
fi
echo "Still called $(hostname). Your capabilities are $effective, and bit 21, CAP_SYS_ADMIN, is not among them."
