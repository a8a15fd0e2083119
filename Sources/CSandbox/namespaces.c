/* The user namespaces and the loopback interface. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "internal.h"

/* Child: decimal digits of `value` before `end`; returns their start. */
char *csandbox_decimal(uint64_t value, char *end) {
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return end;
}

/* Child: one write to an existing file. */
int csandbox_write_file(int directory, const char *path, const char *text, size_t count) {
    int fd = CSANDBOX_RETRY(openat(directory, path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (fd < 0)
        return -1;
    ssize_t written = CSANDBOX_RETRY(write(fd, text, count));
    int error = written < 0 ? errno : EIO;
    close(fd);
    if (written == (ssize_t)count)
        return 0;
    errno = error;
    return -1;
}

/* "<inside> <outside> 1": the one mapping that a process without privileges may write for itself,
 * user_namespaces(7). */
static int write_map(const char *path, uint32_t inside, uint32_t outside) {
    char text[32];
    char *end = text + sizeof text;
    char *start = end;
    *--start = '1';
    *--start = ' ';
    start = csandbox_decimal(outside, start);
    *--start = ' ';
    start = csandbox_decimal(inside, start);
    return csandbox_write_file(AT_FDCWD, path, start, (size_t)(end - start));
}

/* Child: maps the caller to uid and gid 0 of the first user namespace. setgroups goes first: without it gid_map is
 * refused. */
int csandbox_child_namespaces(uint32_t uid, uint32_t gid) {
    CSANDBOX_TRY(CSANDBOX_STEP_SETGROUPS_DENY, csandbox_write_file(AT_FDCWD, "/proc/self/setgroups", "deny", 4));
    CSANDBOX_TRY(CSANDBOX_STEP_UID_MAP, write_map("/proc/self/uid_map", 0, uid));
    CSANDBOX_TRY(CSANDBOX_STEP_GID_MAP, write_map("/proc/self/gid_map", 0, gid));
    return 0;
}

static int set_address(int fd, unsigned long operation, uint32_t address) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo:1", 5);
    struct sockaddr_in value;
    memset(&value, 0, sizeof value);
    value.sin_family = AF_INET;
    value.sin_addr.s_addr = htonl(address);
    memcpy(&request.ifr_addr, &value, sizeof value);
    return ioctl(fd, operation, &request);
}

/* Child: lo up; the kernel gives it 127.0.0.1/8. 127.0.0.2 is added by name: getaddrinfo(3) with AI_ADDRCONFIG takes a
 * host that has no other address than 127.0.0.1 for one without IPv4, and finds nothing. */
int csandbox_child_loopback(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return CSANDBOX_STEP_LOOPBACK;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int result = ioctl(fd, SIOCSIFFLAGS, &request);
    if (result == 0)
        result = set_address(fd, SIOCSIFADDR, 0x7f000002);
    if (result == 0)
        result = set_address(fd, SIOCSIFNETMASK, 0xffffffff);
    int error = errno;
    close(fd);
    errno = error;
    return result < 0 ? CSANDBOX_STEP_LOOPBACK : 0;
}

/* Child: the second user namespace. It owns none of the other namespaces, so nothing in it can configure the network,
 * mount or bind a low port, whatever capabilities a kernel bug might give.
 * First a limit of one user namespace below the first one: this unshare uses it up, and the sandbox gets ENOSPC for its
 * own, which closes the largest attack surface that a kernel offers to an unprivileged process. */
int csandbox_child_inner_namespace(uint32_t inner_uid) {
    CSANDBOX_TRY(
        CSANDBOX_STEP_LIMIT_NAMESPACES,
        csandbox_write_file(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "1", 1));
    int step = csandbox_child_seal_proc();
    if (step != 0)
        return step;
    CSANDBOX_TRY(CSANDBOX_STEP_INNER_NAMESPACE, unshare(CLONE_NEWUSER));
    CSANDBOX_TRY(CSANDBOX_STEP_INNER_UID_MAP, write_map("/proc/self/uid_map", inner_uid, 0));
    CSANDBOX_TRY(CSANDBOX_STEP_INNER_GID_MAP, write_map("/proc/self/gid_map", inner_uid, 0));
    return 0;
}
