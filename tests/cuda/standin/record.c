// Writes what happened to `<folder>/<process>.record`, one event a line, its fields separated by tabs.
#include "standin.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void line(const char *kind, const char *format, va_list values) {
    static FILE *file;
    pthread_mutex_lock(&lock);
    if (!file) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d.record", standin_folder(), (int)getpid());
        file = fopen(path, "a");
        if (!file) {
            perror(path);
            abort();
        }
    }
    fputs(kind, file);
    vfprintf(file, format, values);
    fputc('\n', file);
    fflush(file);
    pthread_mutex_unlock(&lock);
}

void standin_record(const char *format, ...) {
    va_list values;
    va_start(values, format);
    line("", format, values);
    va_end(values);
}

CUresult standin_fault(CUresult result, const char *format, ...) {
    va_list values;
    va_start(values, format);
    line("fault\t", format, values);
    va_end(values);
    return result;
}
