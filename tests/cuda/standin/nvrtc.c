// Stands before the real NVRTC and records each program that it compiles or refuses. Tuning skips variants that do not compile,
// so that nobody else would tell. Built as libnvrtc.so; the real one is libnvrtc.so.12.
#include <nvrtc.h>

#include "standin.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *library;

static void load(void) {
    library = dlopen("libnvrtc.so.12", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
}

static void *real(const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    void *function = dlsym(library, name);
    if (!function) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    return function;
}

// A function that is passed on as it is.
#define FORWARD(name, parameters, arguments)                                                                                       \
    nvrtcResult name parameters {                                                                                                  \
        nvrtcResult(*function) parameters = (nvrtcResult(*) parameters)real(#name);                                                \
        return function arguments;                                                                                                 \
    }

FORWARD(nvrtcVersion, (int *major, int *minor), (major, minor))
FORWARD(nvrtcGetNumSupportedArchs, (int *count), (count))
FORWARD(nvrtcGetSupportedArchs, (int *archs), (archs))
FORWARD(nvrtcCreateProgram,
        (nvrtcProgram * program, const char *source, const char *name, int headers, const char *const *texts, const char *const *names),
        (program, source, name, headers, texts, names))
FORWARD(nvrtcDestroyProgram, (nvrtcProgram * program), (program))
FORWARD(nvrtcGetPTXSize, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcGetPTX, (nvrtcProgram program, char *ptx), (program, ptx))
FORWARD(nvrtcGetProgramLogSize, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcGetProgramLog, (nvrtcProgram program, char *log), (program, log))

const char *nvrtcGetErrorString(nvrtcResult result) {
    const char *(*function)(nvrtcResult) = (const char *(*)(nvrtcResult))real("nvrtcGetErrorString");
    return function(result);
}

// The first error of the compiler's log, on one line.
static void refused(nvrtcProgram program) {
    size_t size = 0;
    nvrtcGetProgramLogSize(program, &size);
    char *log = calloc(size + 1, 1);
    if (log && nvrtcGetProgramLog(program, log) == NVRTC_SUCCESS) {
        char *error = strstr(log, "error");
        char *line = error ? error : log;
        while (line > log && line[-1] != '\n') {
            line--;
        }
        line[strcspn(line, "\n")] = 0;
        standin_fault(CUDA_ERROR_INVALID_SOURCE, "NVRTC refuses a kernel: %s", line);
    }
    free(log);
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int count, const char *const *options) {
    nvrtcResult (*function)(nvrtcProgram, int, const char *const *) =
        (nvrtcResult(*)(nvrtcProgram, int, const char *const *))real("nvrtcCompileProgram");
    nvrtcResult result = function(program, count, options);
    if (result == NVRTC_SUCCESS) {
        standin_record("compiled");
    } else {
        refused(program);
    }
    return result;
}
