// Descriptions of tensors for bulk copies (sm_90) are held to what cuda.h says of their arguments, and forgotten.
#include "standin.h"

#include <stdint.h>
#include <string.h>

// Bytes of an element; 0 of types in parts of bytes, which nothing here uses.
static unsigned element_bytes(CUtensorMapDataType type) {
    switch (type) {
    case CU_TENSOR_MAP_DATA_TYPE_UINT8:
        return 1;
    case CU_TENSOR_MAP_DATA_TYPE_UINT16:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT16:
    case CU_TENSOR_MAP_DATA_TYPE_BFLOAT16:
        return 2;
    case CU_TENSOR_MAP_DATA_TYPE_UINT32:
    case CU_TENSOR_MAP_DATA_TYPE_INT32:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT32:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ:
    case CU_TENSOR_MAP_DATA_TYPE_TFLOAT32:
    case CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ:
        return 4;
    case CU_TENSOR_MAP_DATA_TYPE_UINT64:
    case CU_TENSOR_MAP_DATA_TYPE_INT64:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT64:
        return 8;
    default:
        return 0;
    }
}

static unsigned swizzle_bytes(CUtensorMapSwizzle swizzle) {
    switch (swizzle) {
    case CU_TENSOR_MAP_SWIZZLE_32B:
        return 32;
    case CU_TENSOR_MAP_SWIZZLE_64B:
        return 64;
    default:
        return 128;
    }
}

#define REFUSE(...) return standin_fault(CUDA_ERROR_INVALID_VALUE, "a tensor map " __VA_ARGS__)

// What both kinds ask of the memory; `inner` elements are copied of the innermost dimension.
static CUresult check(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, cuuint32_t least_rank, void *address,
                      const cuuint64_t *dims, const cuuint64_t *strides, const cuuint32_t *element_strides, cuuint32_t inner,
                      CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle) {
    unsigned size = element_bytes(type);
    if (standin_arch() < 90) {
        REFUSE("on sm_%d", standin_arch());
    }
    if (size == 0 || (uintptr_t)map % 64 != 0) {
        REFUSE("of type %d at %p", type, (void *)map);
    }
    if (rank < least_rank || rank > 5 || (interleave != CU_TENSOR_MAP_INTERLEAVE_NONE && rank < 3)) {
        REFUSE("of rank %u", rank);
    }
    unsigned aligned = interleave == CU_TENSOR_MAP_INTERLEAVE_32B ? 32 : 16;
    if ((uintptr_t)address % aligned != 0) {
        REFUSE("of memory at %p", address);
    }
    for (cuuint32_t i = 0; i < rank; i++) {
        if (dims[i] == 0 || dims[i] > 1ull << 32) {
            REFUSE("of %llu elements in dimension %u", (unsigned long long)dims[i], i);
        }
        if (i + 1 < rank && (strides[i] % aligned != 0 || strides[i] >= 1ull << 40)) {
            REFUSE("with a stride of %llu bytes in dimension %u", (unsigned long long)strides[i], i + 1);
        }
        if ((i > 0 || interleave != CU_TENSOR_MAP_INTERLEAVE_NONE) && (element_strides[i] == 0 || element_strides[i] > 8)) {
            REFUSE("with a step of %u elements in dimension %u", element_strides[i], i);
        }
    }
    if (interleave == CU_TENSOR_MAP_INTERLEAVE_NONE && swizzle != CU_TENSOR_MAP_SWIZZLE_NONE && inner * size > swizzle_bytes(swizzle)) {
        REFUSE("whose box is %u bytes wide, swizzled by %u", inner * size, swizzle_bytes(swizzle));
    }
    if (interleave == CU_TENSOR_MAP_INTERLEAVE_32B && swizzle != CU_TENSOR_MAP_SWIZZLE_32B) {
        REFUSE("interleaved by 32 bytes with swizzle %d", swizzle);
    }
    memset(map, 0, sizeof *map);
    return CUDA_SUCCESS;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *address, const cuuint64_t *dims,
                                const cuuint64_t *strides, const cuuint32_t *box, const cuuint32_t *element_strides,
                                CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion,
                                CUtensorMapFloatOOBfill fill) {
    for (cuuint32_t i = 0; i < rank && i < 5; i++) {
        if (box[i] == 0 || box[i] > 256) {
            REFUSE("with a box of %u elements in dimension %u", box[i], i);
        }
    }
    if (interleave == CU_TENSOR_MAP_INTERLEAVE_NONE && box[0] * element_bytes(type) % 16 != 0) {
        REFUSE("whose box is %u bytes wide", box[0] * element_bytes(type));
    }
    return check(map, type, rank, 1, address, dims, strides, element_strides, box[0], interleave, swizzle);
}

CUresult cuTensorMapEncodeIm2col(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *address, const cuuint64_t *dims,
                                 const cuuint64_t *strides, const int *lower, const int *upper, cuuint32_t channels, cuuint32_t pixels,
                                 const cuuint32_t *element_strides, CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                 CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill) {
    if (channels == 0 || channels > 256 || pixels == 0 || pixels > 1024) {
        REFUSE("of %u channels a pixel and %u pixels a column", channels, pixels);
    }
    if (rank >= 3 && rank <= 5) {
        // A corner has 16 bits in all. Corners go from the outermost side of the image to the innermost, sizes the other way.
        int bits = 16 / (int)(rank - 2) - 1;
        for (cuuint32_t i = 0; i < rank - 2; i++) {
            if (lower[i] < -(1 << bits) || lower[i] >= 1 << bits || upper[i] < -(1 << bits) || upper[i] >= 1 << bits) {
                REFUSE("with corners at %d and %d", lower[i], upper[i]);
            }
            long long size = (long long)dims[rank - 2 - i];
            if (size + upper[i] - lower[i] <= 0) {
                REFUSE("of an empty box, from %d to %d beyond %lld", lower[i], upper[i], size);
            }
        }
    }
    return check(map, type, rank, 3, address, dims, strides, element_strides, channels, interleave, swizzle);
}
