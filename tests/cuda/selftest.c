// Holds the stand-in to its word: it must refuse what a device of the architecture refuses. Linked with it by scripts/cuda-check.
#include <cuda.h>
#include <stdint.h>
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

// Tensor maps, which only sm_90 has, are held to the alignments and sizes that cuda.h states.
static void bulk_copies(int available) {
    _Alignas(64) CUtensorMap map;
    void *memory = (void *)(uintptr_t)4096;
    cuuint64_t dims[] = {64, 12, 12, 8}, strides[] = {128, 1536, 18432}, odd[] = {120, 1536, 18432};
    cuuint32_t box[] = {32, 8, 8, 1}, wide[] = {32, 257, 8, 1}, steps[] = {1, 1, 1, 1}, none[] = {1, 0, 1, 1};
    int lower[] = {-1, -1}, upper[] = {1, 1}, far[] = {-129, -1}, beyond[] = {14, -1};
#define TILED(memory, strides, box, steps)                                                                                        \
    cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 4, memory, dims, strides, box, steps,                          \
                           CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_64B, CU_TENSOR_MAP_L2_PROMOTION_NONE,             \
                           CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE)
#define IM2COL(rank, lower, channels, pixels)                                                                                     \
    cuTensorMapEncodeIm2col(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, rank, memory, dims, strides, lower, upper, channels, pixels,  \
                            steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_L2_PROMOTION_NONE,    \
                            CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE)
    if (!available) {
        REFUSED(TILED(memory, strides, box, steps));
        return;
    }
    ACCEPTED(TILED(memory, strides, box, steps));
    REFUSED(TILED((void *)(uintptr_t)4104, strides, box, steps));
    REFUSED(TILED(memory, odd, box, steps));
    REFUSED(TILED(memory, strides, wide, steps));
    REFUSED(TILED(memory, strides, box, none));
    box[0] = 40;
    REFUSED(TILED(memory, strides, box, steps));
    box[0] = 7;
    REFUSED(TILED(memory, strides, box, steps));
    ACCEPTED(IM2COL(4, lower, 64, 128));
    REFUSED(IM2COL(2, lower, 64, 128));
    REFUSED(IM2COL(4, far, 64, 128));
    REFUSED(IM2COL(4, beyond, 64, 128));
    REFUSED(IM2COL(4, lower, 512, 128));
    REFUSED(IM2COL(4, lower, 64, 1025));
}

int main(void) {
    int hopper = atoi(getenv("CUDA_STANDIN_ARCH")) >= 90;
    int count, version, value, shared = hopper ? 227 << 10 : 163 << 10;
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
    bulk_copies(hopper);
    return failures != 0;
}
