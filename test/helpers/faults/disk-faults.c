/*
 * Preloaded into a server under test: makes calls fail that LevelDB writes with. The file that COUCHETTE_DISK_FAULTS
 * names says which: lines of "SERIAL CALL PATTERN COUNT ERRNO". COUNT calls on files whose path holds PATTERN (ends with it,
 * where PATTERN ends with $) fail, or all where it is negative; a new SERIAL begins to count again.
 *
 *   short   fwrite writes half of its bytes      write   fwrite writes nothing
 *   sync    fdatasync and fsync                  open    fopen for writing
 *   rename  rename, by the new path
 *   pwrite  write and pwrite, which Node.js writes files with    pread  read and pread
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int last_serial = -1;
static long used = 0;

static int matches(const char *path, const char *pattern) {
  size_t length = strlen(pattern), held = strlen(path);
  if (length == 0 || pattern[length - 1] != '$') return strstr(path, pattern) != NULL;
  return held >= length - 1 && strncmp(path + held - (length - 1), pattern, length - 1) == 0;
}

/* Returns the errno that a call on a path is to fail with, or 0. */
static int fault(const char *call, const char *path) {
  const char *control = getenv("COUCHETTE_DISK_FAULTS");
  if (control == NULL || path == NULL) return 0;
  FILE *(*real_open)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen64");
  FILE *file = real_open(control, "r");
  if (file == NULL) return 0;
  int serial, error, result = 0;
  long count;
  char name[32], pattern[256];
  if (fscanf(file, "%d %31s %255s %ld %d", &serial, name, pattern, &count, &error) == 5 &&
      strcmp(name, call) == 0 && matches(path, pattern)) {
    pthread_mutex_lock(&mutex);
    if (serial != last_serial) {
      last_serial = serial;
      used = 0;
    }
    if (count < 0 || used < count) {
      used++;
      result = error;
    }
    pthread_mutex_unlock(&mutex);
  }
  fclose(file);
  return result;
}

static const char *path_of(int fd, char *buffer, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, size - 1);
  if (length < 0) return NULL;
  buffer[length] = 0;
  return buffer;
}

#undef fwrite_unlocked
size_t fwrite_unlocked(const void *bytes, size_t size, size_t count, FILE *stream) {
  size_t (*real)(const void *, size_t, size_t, FILE *) = dlsym(RTLD_NEXT, "fwrite_unlocked");
  int (*flush)(FILE *) = dlsym(RTLD_NEXT, "fflush_unlocked");
  char buffer[4096];
  const char *path = path_of(fileno(stream), buffer, sizeof buffer);
  int error = size * count < 64 ? 0 : fault("short", path);
  if (error != 0) {
    size_t written = real(bytes, 1, size * count / 2, stream);
    flush(stream);
    errno = error;
    return written;
  }
  error = fault("write", path);
  if (error != 0) {
    errno = error;
    return 0;
  }
  return real(bytes, size, count, stream);
}

int fdatasync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
  char buffer[4096];
  int error = fault("sync", path_of(fd, buffer, sizeof buffer));
  if (error == 0) return real(fd);
  errno = error;
  return -1;
}

int fsync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  char buffer[4096];
  int error = fault("sync", path_of(fd, buffer, sizeof buffer));
  if (error == 0) return real(fd);
  errno = error;
  return -1;
}

FILE *fopen64(const char *path, const char *mode) {
  FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen64");
  int error = mode[0] == 'r' ? 0 : fault("open", path);
  if (error == 0) return real(path, mode);
  errno = error;
  return NULL;
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  int error = fault("rename", to);
  if (error == 0) return real(from, to);
  errno = error;
  return -1;
}

/* Sockets and pipes have no path in the file system. */
static int fault_of(const char *call, int fd) {
  char buffer[4096];
  const char *path = path_of(fd, buffer, sizeof buffer);
  return path == NULL || path[0] != '/' ? 0 : fault(call, path);
}

#define INTERPOSE(result, name, call, parameters, arguments) \
  result name parameters {                                   \
    result(*real) parameters = dlsym(RTLD_NEXT, #name);      \
    int error = fault_of(call, fd);                          \
    if (error == 0) return real arguments;                   \
    errno = error;                                           \
    return -1;                                               \
  }

INTERPOSE(ssize_t, write, "pwrite", (int fd, const void *bytes, size_t size), (fd, bytes, size))
INTERPOSE(ssize_t, pwrite, "pwrite", (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
INTERPOSE(ssize_t, pwrite64, "pwrite", (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
INTERPOSE(ssize_t, read, "pread", (int fd, void *bytes, size_t size), (fd, bytes, size))
INTERPOSE(ssize_t, pread, "pread", (int fd, void *bytes, size_t size, off_t at), (fd, bytes, size, at))
INTERPOSE(ssize_t, pread64, "pread", (int fd, void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
INTERPOSE(ssize_t, writev, "pwrite", (int fd, const struct iovec *parts, int count), (fd, parts, count))
INTERPOSE(ssize_t, pwritev, "pwrite", (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
INTERPOSE(ssize_t, pwritev64, "pwrite", (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
INTERPOSE(ssize_t, preadv64, "pread", (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
