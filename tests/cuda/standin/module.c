// Modules are written out, launches are held to the architecture's limits and to what their PTX declares. Nothing runs.
#include "standin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct CUmod_st {
    int number;
    char *ptx;
};

struct CUfunc_st {
    int module;
    // Threads a block that the kernel was compiled for, 0 where it does not say.
    unsigned threads;
    size_t max_dynamic_shared;
    char name[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int modules;

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
    const char *ptx = image;
    if (strncmp(ptx, "//", 2) != 0 && strncmp(ptx, ".version", 8) != 0) {
        return standin_fault(CUDA_ERROR_INVALID_IMAGE, "a module that is not PTX");
    }
    struct CUmod_st *made = malloc(sizeof *made);
    if (!made || !(made->ptx = strdup(ptx))) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    pthread_mutex_lock(&lock);
    made->number = modules++;
    pthread_mutex_unlock(&lock);
    char path[4096];
    snprintf(path, sizeof path, "%s/%d-%05d.ptx", standin_folder(), (int)getpid(), made->number);
    FILE *file = fopen(path, "w");
    if (!file || fputs(ptx, file) < 0 || fclose(file) != 0) {
        perror(path);
        abort();
    }
    *module = made;
    return CUDA_SUCCESS;
}

// Modules stay: functions refer to them by number only, and a process is short.
CUresult cuModuleUnload(CUmodule module) { return CUDA_SUCCESS; }

// The entry point's declaration, from its name to the brace that opens its body, or NULL.
static const char *declaration(const char *ptx, const char *name, const char **end) {
    size_t length = strlen(name);
    for (const char *at = strstr(ptx, ".entry "); at; at = strstr(at + 1, ".entry ")) {
        const char *entry = at + strlen(".entry ");
        if (strncmp(entry, name, length) == 0 && strchr("(\n\r\t ", entry[length])) {
            *end = strchr(entry, '{');
            return *end ? entry : NULL;
        }
    }
    return NULL;
}

// Threads a block that `.maxntid` or `.reqntid` declare.
static unsigned declared_threads(const char *entry, const char *end) {
    const char *words[] = {".maxntid", ".reqntid"};
    for (size_t i = 0; i < 2; i++) {
        const char *at = strstr(entry, words[i]);
        if (at && at < end) {
            unsigned x = 1, y = 1, z = 1;
            sscanf(at + strlen(words[i]), " %u , %u , %u", &x, &y, &z);
            return x * y * z;
        }
    }
    return 0;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
    const char *end, *entry = declaration(module->ptx, name, &end);
    if (!entry) {
        return standin_fault(CUDA_ERROR_NOT_FOUND, "module %d has no kernel %s", module->number, name);
    }
    struct CUfunc_st *made = malloc(sizeof *made + strlen(name) + 1);
    if (!made) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *made = (struct CUfunc_st){module->number, declared_threads(entry, end), standin_limits()->shared_default};
    strcpy(made->name, name);
    *function = made;
    standin_record("kernel\t%d\t%s", module->number, name);
    return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
    if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
        return CUDA_SUCCESS;
    }
    if (value < 0 || (size_t)value > standin_limits()->shared_opt_in) {
        return standin_fault(CUDA_ERROR_INVALID_VALUE, "%d bytes of shared memory are more than sm_%d has, in %s", value,
                             standin_arch(), function->name);
    }
    function->max_dynamic_shared = (size_t)value;
    return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                        unsigned shared, CUstream stream, void **parameters, void **extra) {
    const struct limits *limits = standin_limits();
    unsigned long long threads = (unsigned long long)bx * by * bz;
    const unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
    for (int i = 0; i < 3; i++) {
        if (grid[i] == 0 || grid[i] > limits->grid[i]) {
            return standin_fault(CUDA_ERROR_INVALID_VALUE, "a grid of %u x %u x %u blocks, in %s", gx, gy, gz, function->name);
        }
        if (block[i] == 0 || block[i] > limits->block[i] || threads > limits->threads_per_block) {
            return standin_fault(CUDA_ERROR_INVALID_VALUE, "a block of %u x %u x %u threads, in %s", bx, by, bz, function->name);
        }
    }
    if (function->threads && threads > function->threads) {
        return standin_fault(CUDA_ERROR_INVALID_VALUE, "a block of %llu threads where %u are declared, in %s", threads,
                             function->threads, function->name);
    }
    size_t allowed = function->max_dynamic_shared > limits->shared_default ? function->max_dynamic_shared : limits->shared_default;
    if (shared > allowed) {
        return standin_fault(CUDA_ERROR_INVALID_VALUE, "%u bytes of shared memory where %zu are allowed, in %s", shared, allowed,
                             function->name);
    }
    standin_record("launch\t%d\t%u\t%u\t%u\t%llu\t%u", function->module, gx, gy, gz, threads, shared);
    standin_launched(stream, function->name);
    return CUDA_SUCCESS;
}
