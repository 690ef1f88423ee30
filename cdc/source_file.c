/*
 * source_file.c - files are mapped, not read: events are borrowed straight from the page cache. A
 * file that a server still writes to may grow meanwhile; what was there when it was opened is read.
 */
#include "cdc/source_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdc/event.h"

enum {
    SL_FILE_MAGIC_BYTES = 4,
    SL_FILE_ROTATE_MAX = SL_EVENT_HEADER_BYTES + 8 + SL_BINLOG_NAME_MAX + SL_EVENT_CHECKSUM_BYTES,
    SL_FILE_ALGORITHM_BACK = 5, /* from the end of a format description */
    SL_FILE_FORMAT_MAX = 4096,  /* of the part of a format description that is looked at */
};

struct sl_source_file {
    struct sl_source source;
    char **paths; /* owned */
    size_t count;
    size_t current; /* the file that is read, or to be opened next */
    uint8_t *map;   /* NULL: no file is open */
    size_t size;
    uint64_t offset; /* of the next event */
    uint64_t begin;  /* where to begin in the next file to be opened */
    bool rotate_is_due;
    bool has_checksum;  /* of the events that the last format description given describes */
    bool format_is_due; /* a begin behind the head of a file: its format description comes first */
    uint8_t rotate[SL_FILE_ROTATE_MAX];
    atomic_bool is_interrupted;
};

static struct sl_source_file *of(struct sl_source *source)
{
    return (struct sl_source_file *)source;
}

static void unmap(struct sl_source_file *file)
{
    if (file->map != NULL) {
        (void)munmap(file->map, file->size);
        file->map = NULL;
    }
}

static const char *path_of(const struct sl_source_file *file)
{
    return file->paths[file->current];
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int system_error(const struct sl_source_file *file, const char *what, struct sl_err *err)
{
    char text[128];

    return sl_err_set(err, SL_EIO, "%s cannot be %s: %s", path_of(file), what,
                      strerror_r(errno, text, sizeof(text)));
}

static int check_magic(const struct sl_source_file *file, struct sl_err *err)
{
    const uint8_t *magic = file->map;

    if (magic[0] == 0xfd && memcmp(magic + 1, "bin", 3) == 0) {
        return sl_err_set(err, SL_EUNSUPPORTED,
                          "%s is encrypted; read it from its server instead (tail --from)",
                          path_of(file));
    }
    if (magic[0] != 0xfe || memcmp(magic + 1, "bin", 3) != 0) {
        return sl_err_set(err, SL_EFORMAT,
                          "%s is not a binary log: it does not begin with fe 62 69 6e",
                          path_of(file));
    }
    return SL_OK;
}

static int map_file(struct sl_source_file *file, int fd, struct sl_err *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return system_error(file, "examined", err);
    }
    if (!S_ISREG(info.st_mode)) {
        return sl_err_set(err, SL_EIO, "%s is not a regular file", path_of(file));
    }
    if (info.st_size < SL_FILE_MAGIC_BYTES) {
        return sl_err_set(err, SL_ETRUNC, "%s has only %lld bytes: it is not a whole binary log",
                          path_of(file), (long long)info.st_size);
    }
    file->size = (size_t)info.st_size;
    file->map = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file->map == MAP_FAILED) {
        file->map = NULL;
        return system_error(file, "mapped into memory", err);
    }
    (void)madvise(file->map, file->size, MADV_SEQUENTIAL);
    return check_magic(file, err);
}

/* Finds the flavor in the format description, which names the server's version. */
static enum sl_flavor flavor_of(struct sl_span events)
{
    size_t len = events.len < SL_FILE_FORMAT_MAX ? events.len : SL_FILE_FORMAT_MAX;
    size_t size;

    assert(events.data != NULL);
    if (len < SL_EVENT_HEADER_BYTES || events.data[4] != SL_EVENT_FORMAT_DESCRIPTION) {
        return SL_FLAVOR_UNKNOWN;
    }
    size = (size_t)sl_load_le(events.data + 9, 4);
    if (size < len) {
        len = size;
    }
    return memmem(events.data, len, "MariaDB", 7) != NULL ? SL_FLAVOR_MARIADB : SL_FLAVOR_MYSQL;
}

static int open_current(struct sl_source_file *file, struct sl_err *err)
{
    int fd = open(path_of(file), O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0) {
        return system_error(file, "opened", err);
    }
    rc = map_file(file, fd, err);
    (void)close(fd);
    if (rc == SL_OK && file->begin > file->size) {
        rc = sl_err_set(err, SL_EGAP, "%s has %zu bytes; offset %llu lies behind its end",
                        path_of(file), file->size, (unsigned long long)file->begin);
    }
    if (rc != SL_OK) {
        unmap(file);
        return rc;
    }
    file->source.flavor =
        flavor_of(sl_span_make(file->map + SL_FILE_MAGIC_BYTES, file->size - SL_FILE_MAGIC_BYTES));
    file->offset = file->begin > SL_FILE_MAGIC_BYTES ? file->begin : SL_FILE_MAGIC_BYTES;
    file->format_is_due = file->offset > SL_FILE_MAGIC_BYTES;
    file->begin = 0;
    file->rotate_is_due = true;
    return SL_OK;
}

static void store_le(uint8_t *out, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* What a server sends before a file's first event, with a checksum if the events before had one. */
static int make_rotate(struct sl_source_file *file, struct sl_span *event, struct sl_err *err)
{
    const char *name = name_of(path_of(file));
    size_t len = strlen(name);
    size_t covered = SL_EVENT_HEADER_BYTES + 8 + len;
    size_t size = covered + (file->has_checksum ? SL_EVENT_CHECKSUM_BYTES : 0);

    if (size > sizeof(file->rotate) || len == 0) {
        return sl_err_set(err, SL_EINVAL, "%s has no name that a position can hold", path_of(file));
    }
    memset(file->rotate, 0, sizeof(file->rotate));
    file->rotate[4] = SL_EVENT_ROTATE;
    store_le(file->rotate + 9, size, 4);
    store_le(file->rotate + 17, SL_EVENT_FLAG_ARTIFICIAL, 2);
    store_le(file->rotate + SL_EVENT_HEADER_BYTES, file->offset, 8);
    memcpy(file->rotate + SL_EVENT_HEADER_BYTES + 8, name, len);
    if (file->has_checksum) {
        store_le(file->rotate + covered, libdeflate_crc32(0, file->rotate, covered), 4);
    }
    file->rotate_is_due = false;
    *event = sl_span_make(file->rotate, size);
    return SL_OK;
}

static int cut_off(const struct sl_source_file *file, uint64_t offset, struct sl_err *err)
{
    return sl_err_set(err, SL_ETRUNC,
                      "%s ends inside of the event at offset %llu: the file was copied while the "
                      "server wrote it, or is damaged; copy it again or stop before this offset",
                      path_of(file), (unsigned long long)offset);
}

static int event_at(const struct sl_source_file *file, uint64_t offset, struct sl_span *event,
                    struct sl_err *err)
{
    uint64_t left = file->size - offset;
    uint64_t size;

    if (left < SL_EVENT_HEADER_BYTES) {
        return cut_off(file, offset, err);
    }
    size = sl_load_le(file->map + offset + 9, 4);
    if (size < SL_EVENT_HEADER_BYTES) {
        return sl_err_set(err, SL_EFORMAT, "%s has no event at offset %llu: the file is damaged",
                          path_of(file), (unsigned long long)offset);
    }
    if (size > left) {
        return cut_off(file, offset, err);
    }
    *event = sl_span_make(file->map + offset, (size_t)size);
    return SL_OK;
}

static int next_event(struct sl_source_file *file, struct sl_span *event, struct sl_err *err)
{
    bool is_repeated = file->format_is_due;
    int rc = event_at(file, is_repeated ? SL_FILE_MAGIC_BYTES : file->offset, event, err);

    if (rc != SL_OK) {
        return rc;
    }
    file->format_is_due = false;
    if (!is_repeated) {
        file->offset += event->len;
    }
    if (event->data[4] == SL_EVENT_FORMAT_DESCRIPTION) {
        file->has_checksum = event->data[event->len - SL_FILE_ALGORITHM_BACK] == 1;
    }
    return SL_OK;
}

static int file_next(struct sl_source *source, struct sl_span *event, struct sl_err *err)
{
    struct sl_source_file *file = of(source);

    for (;;) {
        if (atomic_load(&file->is_interrupted)) {
            return sl_err_set(err, SL_ESTOPPED, "reading of files was stopped");
        }
        if (file->map == NULL) {
            int rc = file->current < file->count ? open_current(file, err) : SL_DONE;

            if (rc != SL_OK) {
                return rc;
            }
        }
        if (file->rotate_is_due) {
            return make_rotate(file, event, err);
        }
        if (file->offset < file->size || file->format_is_due) {
            return next_event(file, event, err);
        }
        unmap(file);
        file->current++;
    }
}

static int file_open(struct sl_source *source, enum sl_start_kind kind, struct sl_position *start,
                     struct sl_err *err)
{
    struct sl_source_file *file = of(source);
    int rc;

    file->current = 0;
    file->begin = 0;
    file->has_checksum = false;
    for (size_t i = 0; kind == SL_START_AT && i < file->count; i++) {
        if (strcmp(name_of(file->paths[i]), start->file) == 0) {
            file->current = i;
            file->begin = start->offset;
        }
    }
    rc = open_current(file, err);
    if (rc == SL_OK) {
        const char *name = name_of(path_of(file));

        rc = sl_position_set_file(start, name, strlen(name), file->offset);
    }
    return rc;
}

static void file_interrupt(struct sl_source *source)
{
    atomic_store(&of(source)->is_interrupted, true);
}

static void file_close(struct sl_source *source)
{
    unmap(of(source));
    atomic_store(&of(source)->is_interrupted, false);
}

static void file_free(struct sl_source *source)
{
    struct sl_source_file *file = of(source);

    if (file == NULL) {
        return;
    }
    unmap(file);
    for (size_t i = 0; file->paths != NULL && i < file->count; i++) {
        free(file->paths[i]);
    }
    free(file->paths);
    free(file);
}

static const struct sl_source_ops ops = {
    .open = file_open,
    .next = file_next,
    .interrupt = file_interrupt,
    .close = file_close,
    .free = file_free,
};

static int copy_paths(struct sl_source_file *file, const char *const *paths, size_t count)
{
    file->paths = calloc(count, sizeof(char *));
    if (file->paths == NULL) {
        return SL_ENOMEM;
    }
    file->count = count;
    for (size_t i = 0; i < count; i++) {
        file->paths[i] = strdup(paths[i]);
        if (file->paths[i] == NULL) {
            return SL_ENOMEM;
        }
    }
    return SL_OK;
}

int sl_source_file_new(const char *const *paths, size_t count, struct sl_source **source,
                       struct sl_err *err)
{
    struct sl_source_file *file;

    if (count == 0) {
        return sl_err_set(err, SL_EINVAL, "no binary log file is named");
    }
    file = calloc(1, sizeof(*file));
    if (file == NULL || copy_paths(file, paths, count) != SL_OK) {
        file_free(&file->source);
        return sl_err_set(err, SL_ENOMEM, "no memory to read binary log files");
    }
    file->source.ops = &ops;
    *source = &file->source;
    return SL_OK;
}
