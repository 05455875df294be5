// What the files of the stand-in share: settings, limits of the architecture, the record, and the types behind CUDA's handles.
#pragma once

#include <cuda.h>
#include <stdbool.h>
#include <stddef.h>

// Settings, from the environment; see README.md.
int standin_arch(void);
int standin_devices(void);
int standin_driver(void);
const char *standin_folder(void);
bool standin_reads_ones(void);

// What an architecture allows a launch, as NVIDIA's programming guide lists it.
struct limits {
    unsigned threads_per_block;
    unsigned block[3];
    unsigned grid[3];
    size_t shared_default;
    size_t shared_opt_in;
    int multiprocessors;
};
const struct limits *standin_limits(void);

// Bytes that every device seems to have.
#define STANDIN_MEMORY ((size_t)16 << 30)

// Adds a line to the record. `standin_fault` also is what makes the check fail.
void standin_record(const char *format, ...) __attribute__((format(printf, 1, 2)));
CUresult standin_fault(CUresult result, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Device time: a launch takes 20 ms of its stream's clock, and no time of the host's. Kernels that measure throughput are timed
// by the host's clock, in loops that grow until a pass takes 20 ms; so these keep the device busy for that long.
void standin_launched(CUstream stream, const char *kernel);
void standin_wait(void);
