/* What lies in the root file system: folders, links, files, and the mounts on top of them. */
#include <sys/stat.h>

#include "internal.h"

#define ATTR_NOSUID 0x2ULL
#define ATTR_NODEV 0x4ULL

static int write_whole_file(int root, const struct csandbox_file *file) {
    int fd = CSANDBOX_RETRY(openat(root, file->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd < 0)
        return -1;
    const char *bytes = file->bytes;
    size_t left = file->count;
    int error = 0;
    while (left > 0 && error == 0) {
        ssize_t written = CSANDBOX_RETRY(write(fd, bytes, left));
        if (written <= 0) {
            error = written < 0 ? errno : EIO;
        } else {
            bytes += written;
            left -= (size_t)written;
        }
    }
    if (error == 0 && fchmod(fd, file->mode) < 0)
        error = errno;
    close(fd);
    errno = error;
    return error == 0 ? 0 : -1;
}

static int create_entries(const struct csandbox_plan *plan, int root) {
    for (uint32_t index = 0; index < plan->directory_count; index++)
        CSANDBOX_TRY(
            CSANDBOX_STEP_DIRECTORY, mkdirat(root, plan->directories[index].path, plan->directories[index].mode));
    for (uint32_t index = 0; index < plan->symlink_count; index++)
        CSANDBOX_TRY(
            CSANDBOX_STEP_SYMLINK, symlinkat(plan->symlinks[index].target, root, plan->symlinks[index].path));
    for (uint32_t index = 0; index < plan->file_count; index++)
        CSANDBOX_TRY(CSANDBOX_STEP_FILE, write_whole_file(root, &plan->files[index]));
    return 0;
}

static int attach_tmpfs(const struct csandbox_tmpfs *tmpfs, int root) {
    char digits[24];
    digits[sizeof digits - 1] = '\0';
    const char *size = csandbox_decimal(tmpfs->bytes, digits + sizeof digits - 1);
    char mode[8] = "0000000";
    for (unsigned place = 0; place < 4; place++)
        mode[6 - place] = (char)('0' + ((tmpfs->mode >> (3 * place)) & 7));
    const char *const options[] = {"mode", mode, "size", size, NULL};
    int fd = csandbox_new_mount("tmpfs", options, ATTR_NOSUID | ATTR_NODEV);
    CSANDBOX_TRY(CSANDBOX_STEP_TMPFS, fd);
    CSANDBOX_TRY(CSANDBOX_STEP_TMPFS, mkdirat(root, tmpfs->path, 0755) < 0 && errno != EEXIST ? -1 : 0);
    CSANDBOX_TRY(CSANDBOX_STEP_TMPFS, csandbox_attach(fd, root, tmpfs->path));
    close(fd);
    return 0;
}

/* A mount point of the source's kind. */
static int create_mount_point(int root, const char *path, int source) {
    struct stat status;
    if (fstat(source, &status) < 0)
        return -1;
    if (S_ISDIR(status.st_mode))
        return mkdirat(root, path, 0755) < 0 && errno != EEXIST ? -1 : 0;
    int fd = CSANDBOX_RETRY(openat(root, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0444));
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int attach_bind(const struct csandbox_bind *bind, int root, int source) {
    if (source < 0)
        return 0;
    CSANDBOX_TRY(CSANDBOX_STEP_BIND_TARGET, create_mount_point(root, bind->target, source));
    CSANDBOX_TRY(CSANDBOX_STEP_BIND_ATTACH, csandbox_attach(source, root, bind->target));
    close(source);
    return 0;
}

/* Child: entries first, so that nothing is ever created in a bound folder that the sandbox may have prepared. */
int csandbox_child_fill_root(const struct csandbox_plan *plan, int root, int *sources, int *special) {
    int step = create_entries(plan, root);
    for (uint32_t index = 0; step == 0 && index < plan->tmpfs_count; index++)
        step = attach_tmpfs(&plan->tmpfs[index], root);
    for (uint32_t index = 0; step == 0 && index < plan->bind_count; index++)
        step = attach_bind(&plan->binds[index], root, sources[index]);
    if (step != 0)
        return step;
    CSANDBOX_TRY(CSANDBOX_STEP_PROC, csandbox_attach(special[CSANDBOX_PROC], root, "proc"));
    CSANDBOX_TRY(CSANDBOX_STEP_DEVPTS, csandbox_attach(special[CSANDBOX_DEVPTS], root, "dev/pts"));
    return 0;
}
