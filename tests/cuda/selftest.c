// Holds the stand-in to its word: it must refuse what a device of the architecture refuses. Linked with it by scripts/cuda-check.
#include <cuda.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void expect(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "the stand-in is wrong: %s\n", what);
        failures++;
    }
}

#define ACCEPTED(call) expect((call) == CUDA_SUCCESS, #call " must succeed")
#define REFUSED(call) expect((call) != CUDA_SUCCESS, #call " must fail")

static const char *PTX =
    "//\n.version 8.7\n.target sm_80\n.address_size 64\n"
    ".visible .entry wide(.param .u64 a)\n{\n\tret;\n}\n"
    ".visible .entry narrow(.param .u64 a)\n.maxntid 64, 1, 1\n{\n\tret;\n}\n";

int main(void) {
    int count, version, value, shared = atoi(getenv("CUDA_STANDIN_ARCH")) >= 90 ? 227 << 10 : 163 << 10;
    CUdevice device;
    CUcontext context;
    ACCEPTED(cuInit(0));
    ACCEPTED(cuDriverGetVersion(&version));
    expect(version == 12080, "the driver is of CUDA 12.8");
    ACCEPTED(cuDeviceGetCount(&count));
    expect(count == 1, "there is one device");
    ACCEPTED(cuDeviceGet(&device, 0));
    REFUSED(cuDeviceGet(&device, 1));
    ACCEPTED(cuDevicePrimaryCtxRetain(&context, device));
    ACCEPTED(cuCtxSetCurrent(context));
    ACCEPTED(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, device));
    expect(value == shared, "shared memory is the architecture's");

    // Memory keeps what is copied there, and copies stay inside.
    CUdeviceptr memory;
    char from[64] = "kept", to[64];
    ACCEPTED(cuMemAlloc(&memory, sizeof from));
    ACCEPTED(cuMemcpyHtoDAsync(memory, from, sizeof from, NULL));
    ACCEPTED(cuMemcpyDtoHAsync(to, memory, sizeof to, NULL));
    expect(memcmp(from, to, sizeof to) == 0, "what was copied comes back");
    REFUSED(cuMemcpyHtoDAsync(memory + 1, from, sizeof from, NULL));
    REFUSED(cuMemcpyDtoHAsync(to, memory + (1 << 20), 1, NULL));
    ACCEPTED(cuMemFree(memory));
    REFUSED(cuMemFree(memory));
    REFUSED(cuMemcpyHtoDAsync(memory, from, 1, NULL));
    REFUSED(cuMemAlloc(&memory, (size_t)1 << 40));

    // Launches stay within the limits, and within what the kernel declares.
    CUmodule module;
    CUfunction wide, narrow, missing;
    ACCEPTED(cuModuleLoadData(&module, PTX));
    ACCEPTED(cuModuleGetFunction(&wide, module, "wide"));
    ACCEPTED(cuModuleGetFunction(&narrow, module, "narrow"));
    REFUSED(cuModuleGetFunction(&missing, module, "wid"));
#define LAUNCH(kernel, gx, gy, bx, by, bz, shared) cuLaunchKernel(kernel, gx, gy, 1, bx, by, bz, shared, NULL, NULL, NULL)
    CUevent before, after;
    float milliseconds;
    ACCEPTED(cuEventCreate(&before, 0));
    ACCEPTED(cuEventCreate(&after, 0));
    ACCEPTED(cuEventRecord(before, NULL));
    ACCEPTED(LAUNCH(wide, 2147483647, 65535, 32, 32, 1, 0));
    ACCEPTED(cuEventRecord(after, NULL));
    ACCEPTED(cuEventElapsedTime(&milliseconds, before, after));
    expect(milliseconds == 20, "a launch takes 20 ms");
    REFUSED(LAUNCH(wide, 1, 1, 2048, 1, 1, 0));
    REFUSED(LAUNCH(wide, 1, 1, 32, 33, 1, 0));
    REFUSED(LAUNCH(wide, 1, 1, 1, 1, 65, 0));
    REFUSED(LAUNCH(wide, 1, 1, 0, 1, 1, 0));
    REFUSED(LAUNCH(wide, 1, 65536, 1, 1, 1, 0));
    REFUSED(LAUNCH(wide, 0, 1, 1, 1, 1, 0));
    ACCEPTED(LAUNCH(narrow, 1, 1, 64, 1, 1, 0));
    REFUSED(LAUNCH(narrow, 1, 1, 65, 1, 1, 0));
    ACCEPTED(LAUNCH(wide, 1, 1, 1, 1, 1, 48 << 10));
    REFUSED(LAUNCH(wide, 1, 1, 1, 1, 1, (48 << 10) + 1));
    ACCEPTED(cuFuncSetAttribute(wide, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, shared));
    ACCEPTED(LAUNCH(wide, 1, 1, 1, 1, 1, (unsigned)shared));
    REFUSED(cuFuncSetAttribute(wide, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, shared + 1));
    return failures != 0;
}
