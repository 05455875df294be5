// Memory of the device: pages of the host, zero until something is copied there. Copies must stay within one allocation.
#include "standin.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct allocation {
    struct allocation *next;
    char *begin;
    size_t bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct allocation *allocations;
static size_t allocated;

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
    if (bytes == 0) {
        return standin_fault(CUDA_ERROR_INVALID_VALUE, "an allocation of no bytes");
    }
    pthread_mutex_lock(&lock);
    bool fits = bytes <= STANDIN_MEMORY - allocated;
    void *begin = fits ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) : MAP_FAILED;
    struct allocation *made = begin == MAP_FAILED ? NULL : malloc(sizeof *made);
    if (made) {
        *made = (struct allocation){allocations, begin, bytes};
        allocations = made;
        allocated += bytes;
        *pointer = (CUdeviceptr)begin;
    }
    pthread_mutex_unlock(&lock);
    return made ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemFree_v2(CUdeviceptr pointer) {
    pthread_mutex_lock(&lock);
    struct allocation **place = &allocations;
    while (*place && (*place)->begin != (char *)pointer) {
        place = &(*place)->next;
    }
    struct allocation *freed = *place;
    if (freed) {
        *place = freed->next;
        allocated -= freed->bytes;
        munmap(freed->begin, freed->bytes);
        free(freed);
    }
    pthread_mutex_unlock(&lock);
    return freed ? CUDA_SUCCESS : standin_fault(CUDA_ERROR_INVALID_VALUE, "memory is freed that is not allocated");
}

CUresult cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream stream) { return cuMemAlloc_v2(pointer, bytes); }

CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream stream) { return cuMemFree_v2(pointer); }

CUresult cuMemGetInfo_v2(size_t *unused, size_t *total) {
    pthread_mutex_lock(&lock);
    *unused = STANDIN_MEMORY - allocated;
    pthread_mutex_unlock(&lock);
    *total = STANDIN_MEMORY;
    return CUDA_SUCCESS;
}

CUresult cuMemAllocHost_v2(void **pointer, size_t bytes) {
    *pointer = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    return *pointer ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuMemFreeHost(void *pointer) {
    free(pointer);
    return CUDA_SUCCESS;
}

static bool inside(CUdeviceptr pointer, size_t bytes) {
    pthread_mutex_lock(&lock);
    struct allocation *each = allocations;
    char *begin = (char *)pointer;
    while (each && !(begin >= each->begin && bytes <= each->bytes && begin <= each->begin + (each->bytes - bytes))) {
        each = each->next;
    }
    pthread_mutex_unlock(&lock);
    return each != NULL;
}

static CUresult outside(const char *what, size_t bytes) {
    return standin_fault(CUDA_ERROR_INVALID_VALUE, "%s of %zu bytes leaves its allocation", what, bytes);
}

// What the host reads: the device's memory or, where that is asked for, ones, so that losses that nobody computed are finite.
static void read_back(void *to, const void *from, size_t bytes) {
    const uint32_t one = 0x3f800000;
    memcpy(to, from, bytes);
    for (size_t at = 0; standin_reads_ones() && at + 4 <= bytes; at += 4) {
        memcpy((char *)to + at, &one, 4);
    }
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
    if (!inside(to, bytes)) {
        return outside("a copy to the device", bytes);
    }
    memcpy((void *)to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
    if (!inside(from, bytes)) {
        return outside("a copy from the device", bytes);
    }
    standin_wait();
    read_back(to, (void *)from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    if (!inside(to, bytes) || !inside(from, bytes)) {
        return outside("a copy on the device", bytes);
    }
    memmove((void *)to, (void *)from, bytes);
    return CUDA_SUCCESS;
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
    if (!inside(to, count)) {
        return outside("a filling", count);
    }
    memset((void *)to, value, count);
    return CUDA_SUCCESS;
}

// Rows of `WidthInBytes` bytes between arrays whose rows lie `pitch` bytes apart.
CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream) {
    bool host_from = copy->srcMemoryType == CU_MEMORYTYPE_HOST, host_to = copy->dstMemoryType == CU_MEMORYTYPE_HOST;
    const char *from = host_from ? copy->srcHost : (const char *)copy->srcDevice;
    char *to = host_to ? copy->dstHost : (char *)copy->dstDevice;
    from += copy->srcY * copy->srcPitch + copy->srcXInBytes;
    to += copy->dstY * copy->dstPitch + copy->dstXInBytes;
    if (copy->WidthInBytes == 0 || copy->Height == 0) {
        return CUDA_SUCCESS;
    }
    size_t last = copy->Height - 1, width = copy->WidthInBytes;
    if ((!host_from && !inside((CUdeviceptr)from, last * copy->srcPitch + width)) ||
        (!host_to && !inside((CUdeviceptr)to, last * copy->dstPitch + width))) {
        return outside("a copy of rows", width);
    }
    standin_wait();
    for (size_t row = 0; row <= last; row++, from += copy->srcPitch, to += copy->dstPitch) {
        if (host_to && !host_from) {
            read_back(to, from, width);
        } else {
            memmove(to, from, width);
        }
    }
    return CUDA_SUCCESS;
}
