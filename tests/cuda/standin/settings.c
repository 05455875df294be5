// Reads the settings from the environment and knows the limits of the architectures.
#include "standin.h"

#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text && *text ? atoi(text) : otherwise;
}

int standin_arch(void) { return number("CUDA_STANDIN_ARCH", 80); }

int standin_devices(void) { return number("CUDA_STANDIN_DEVICES", 1); }

int standin_driver(void) { return number("CUDA_STANDIN_DRIVER", 12080); }

const char *standin_folder(void) {
    const char *folder = getenv("CUDA_STANDIN_FOLDER");
    return folder && *folder ? folder : ".";
}

bool standin_reads_ones(void) {
    const char *text = getenv("CUDA_STANDIN_READS");
    return text && strcmp(text, "ones") == 0;
}

const struct limits *standin_limits(void) {
    static const struct limits sm_80 = {
        .threads_per_block = 1024,
        .block = {1024, 1024, 64},
        .grid = {2147483647u, 65535, 65535},
        .shared_default = 48 << 10,
        .shared_opt_in = 163 << 10,
        .multiprocessors = 108,
    };
    static const struct limits sm_90 = {
        .threads_per_block = 1024,
        .block = {1024, 1024, 64},
        .grid = {2147483647u, 65535, 65535},
        .shared_default = 48 << 10,
        .shared_opt_in = 227 << 10,
        .multiprocessors = 132,
    };
    return standin_arch() >= 90 ? &sm_90 : &sm_80;
}
