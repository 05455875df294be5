// Streams and events: each stream has a clock that only launches move.
#include "standin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAUNCH_MS 20.0f

struct CUstream_st {
    float clock;
};

struct CUevent_st {
    float clock;
};

static struct CUstream_st default_stream;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec busy_until;

static struct CUstream_st *of(CUstream stream) {
    // 0, 1 and 2 name the default stream, the legacy one and that of the thread.
    return (size_t)stream <= 2 ? &default_stream : stream;
}

void standin_launched(CUstream stream, const char *kernel) {
    pthread_mutex_lock(&lock);
    of(stream)->clock += LAUNCH_MS;
    if (strstr(kernel, "throughput")) {
        clock_gettime(CLOCK_MONOTONIC, &busy_until);
        busy_until.tv_nsec += 21 * 1000 * 1000;
        if (busy_until.tv_nsec >= 1000000000) {
            busy_until.tv_nsec -= 1000000000;
            busy_until.tv_sec++;
        }
    }
    pthread_mutex_unlock(&lock);
}

void standin_wait(void) {
    pthread_mutex_lock(&lock);
    struct timespec until = busy_until;
    pthread_mutex_unlock(&lock);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
    *stream = calloc(1, sizeof **stream);
    return *stream ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority) { return cuStreamCreate(stream, flags); }

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
    *least = *greatest = 0;
    return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
    free(stream);
    return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
    standin_wait();
    return CUDA_SUCCESS;
}

CUresult cuStreamQuery(CUstream stream) { return CUDA_SUCCESS; }

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
    pthread_mutex_lock(&lock);
    if (of(stream)->clock < event->clock) {
        of(stream)->clock = event->clock;
    }
    pthread_mutex_unlock(&lock);
    return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent *event, unsigned flags) {
    *event = calloc(1, sizeof **event);
    return *event ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuEventDestroy_v2(CUevent event) {
    free(event);
    return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
    pthread_mutex_lock(&lock);
    event->clock = of(stream)->clock;
    pthread_mutex_unlock(&lock);
    return CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent event) {
    standin_wait();
    return CUDA_SUCCESS;
}

CUresult cuEventQuery(CUevent event) { return CUDA_SUCCESS; }

CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
    *milliseconds = end->clock - start->clock;
    return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
    return cuEventElapsedTime(milliseconds, start, end);
}
