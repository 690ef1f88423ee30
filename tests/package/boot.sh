#!/bin/sh
# boot.sh ROOT CONSOLE - boots the systemd of the folder ROOT, as PID 1 of namespaces that the caller has made
# (unshare --pid --mount --uts --ipc --cgroup --fork). Its console is the terminal CONSOLE. The network is the
# host's; the kernel's settings cannot be written.
set -eu
root=$1
console=$2

mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    : >dev/$device
    mount --bind /dev/$device dev/$device
done
ln -s pts/ptmx dev/ptmx
: >dev/console
mount --bind "$console" dev/console
mkdir -p mnt/host
pivot_root . mnt/host
cd /
umount -l /mnt/host
exec env -i container=sluice-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
