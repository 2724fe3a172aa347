// Attention of few tokens to a cache that many conversations share.
//
// llama.cpp looks at every place of the cache for every token and head, and passes over those that the mask forbids: with the tokens of seven
// other conversations and of ended ones in the cache, most of them. Here the places that a token may see are listed once, for all heads. Also
// do results no longer depend on what else is in the cache: llama.cpp divides a long cache among its threads, and where it is divided moves the
// rounding; here a token's own places are divided, as llama.cpp does for a conversation that is alone.
//
// The arithmetic is that of llama.cpp (ggml_compute_forward_flash_attn_ext_f16), operation by operation.
#include "ggml-cpu-impl.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "traits.h"

#include "attend.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

constexpr int64_t MANY = 64;   // llama.cpp takes whole tiles of as many tokens, and passes over whole tiles of the cache
constexpr int64_t WIDE = 512;  // numbers of a head at most
constexpr int64_t PAD = 256;   // llama.cpp rounds the length of a cache up to it
constexpr int64_t LONG = 512;  // from this length on it divides the cache among threads

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,f16c,fma,avx2")))

// What one token of one head has gathered.
struct Gathered {
    float most = -INFINITY;
    float sum = 0.0f;
    float values[WIDE];
};

struct Shape {
    const ggml_tensor *queries, *keys, *values, *mask;
    int64_t tokens, heads, places, width, depth;
    float scale;

    explicit Shape(const ggml_tensor * op)
        : queries(op->src[0]), keys(op->src[1]), values(op->src[2]), mask(op->src[3]), tokens(queries->ne[1]), heads(queries->ne[2]),
          places(keys->ne[1]), width(keys->ne[0]), depth(values->ne[0]) {
        std::memcpy(&scale, op->op_params, sizeof(scale));
    }

    // Lists of the places that each token may see, their lengths first.
    int32_t * list(void * work, int64_t token) const { return static_cast<int32_t *>(work) + token * (places + 1); }
    size_t lists() const { return GGML_PAD(tokens * (places + 1) * sizeof(int32_t), 64); }
};

bool ours(const ggml_tensor * op) {
    const ggml_tensor *queries = op->src[0], *keys = op->src[1], *values = op->src[2], *mask = op->src[3];
    float bias, cap;
    std::memcpy(&bias, op->op_params + 1, sizeof(bias));
    std::memcpy(&cap, op->op_params + 2, sizeof(cap));
    return mask && !op->src[4] && bias == 0.0f && cap == 0.0f && queries->type == GGML_TYPE_F32 && keys->type == GGML_TYPE_F16 &&
        values->type == GGML_TYPE_F16 && mask->type == GGML_TYPE_F16 && queries->ne[1] < MANY && queries->ne[3] == 1 && keys->ne[3] == 1 &&
        mask->ne[2] == 1 && mask->ne[3] == 1 && keys->ne[1] % 32 == 0 && keys->ne[0] <= WIDE && values->ne[0] <= WIDE &&
        values->ne[0] % 64 == 0;
}

AVX512 void seen(const ggml_fp16_t * mask, int64_t places, int32_t * list) {
    const __m512i never = _mm512_set1_epi16(static_cast<int16_t>(0xfc00));  // minus infinity
    int32_t count = 0;
    for (int64_t place = 0; place < places; place += 32) {
        uint32_t open = _mm512_cmpneq_epi16_mask(_mm512_loadu_si512(mask + place), never);
        for (; open != 0; open &= open - 1) {
            list[++count] = static_cast<int32_t>(place) + __builtin_ctz(open);
        }
    }
    list[0] = count;
}

// One token of one head, over some of its places.
AVX512 void gather(const Shape & shape, int64_t token, int64_t head, const int32_t * from, const int32_t * to, Gathered & gathered) {
    const auto dot = ggml_get_type_traits_cpu(GGML_TYPE_F16)->vec_dot;
    const int64_t group = head / (shape.heads / shape.keys->ne[2]), other = head / (shape.heads / shape.values->ne[2]);
    const auto * query = static_cast<const char *>(shape.queries->data) + token * shape.queries->nb[1] + head * shape.queries->nb[2];
    const auto * keys = static_cast<const char *>(shape.keys->data) + group * shape.keys->nb[2];
    const auto * values = static_cast<const char *>(shape.values->data) + other * shape.values->nb[2];
    const auto * mask = reinterpret_cast<const ggml_fp16_t *>(static_cast<const char *>(shape.mask->data) + token * shape.mask->nb[1]);
    alignas(64) ggml_fp16_t halves[WIDE], sums[WIDE] = {};
    ggml_get_type_traits_cpu(GGML_TYPE_F16)->from_float(reinterpret_cast<const float *>(query), halves, shape.width);

    float most = -INFINITY, sum = 0.0f;
    for (; from != to; from++) {
        float score;
        dot(static_cast<int>(shape.width), &score, 0, keys + *from * shape.keys->nb[1], 0, halves, 0, 1);
        score = score * shape.scale + ggml_fp16_to_fp32(mask[*from]);
        const __m256i * value = reinterpret_cast<const __m256i *>(values + *from * shape.values->nb[1]);
        auto * place = reinterpret_cast<__m256i *>(sums);
        float shrink = 1.0f, weight = 1.0f;
        if (score > most) {
            shrink = expf(most - score);
            most = score;
            for (int64_t i = 0; i < shape.depth / 16; i++) {
                const __m512 shrunk = _mm512_mul_ps(_mm512_cvtph_ps(place[i]), _mm512_set1_ps(shrink));
                place[i] = _mm512_cvtps_ph(shrunk, _MM_FROUND_TO_NEAREST_INT);
            }
        } else {
            weight = expf(score - most);
        }
        for (int64_t i = 0; i < shape.depth / 16; i++) {
            const __m512 more = _mm512_cvtph_ps(_mm256_loadu_si256(value + i));
            const __m512 all = _mm512_fmadd_ps(more, _mm512_set1_ps(weight), _mm512_cvtph_ps(place[i]));
            place[i] = _mm512_cvtps_ph(all, _MM_FROUND_TO_NEAREST_INT);
        }
        sum = sum * shrink + weight;
    }
    gathered.most = most;
    gathered.sum = sum;
    for (int64_t i = 0; i < shape.depth; i += 16) {
        _mm512_storeu_ps(gathered.values + i, _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i *>(sums + i))));
    }
}

void write(const ggml_tensor * op, const Shape & shape, int64_t token, int64_t head, const Gathered & gathered) {
    const float inverse = gathered.sum == 0.0f ? 0.0f : 1.0f / gathered.sum;
    auto * to = reinterpret_cast<float *>(static_cast<char *>(op->data) + head * op->nb[1] + token * op->nb[2]);
    for (int64_t i = 0; i < shape.depth; i++) {
        to[i] = gathered.values[i] * inverse;
    }
}

// Joins what threads gathered.
AVX512 void join(const Gathered * parts, int64_t count, int64_t stride, int64_t depth, Gathered & all) {
    std::memset(all.values, 0, depth * sizeof(float));
    for (int64_t part = 0; part < count; part++, parts += stride) {
        if (parts->sum == 0.0f) {
            continue;
        }
        const float most = fmaxf(all.most, parts->most);
        const float old = expf(all.most - most), fresh = expf(parts->most - most);
        for (int64_t i = 0; i < depth; i++) {
            all.values[i] = all.values[i] * old + parts->values[i] * fresh;
        }
        all.sum = all.sum * old + parts->sum * fresh;
        all.most = most;
    }
}

class Attention final : public ggml::cpu::tensor_traits {
    bool work_size(int threads, const ggml_tensor * op, size_t & size) override {
        const Shape shape(op);
        size = shape.lists() + threads * shape.heads * sizeof(Gathered);
        return true;
    }

    bool compute_forward(ggml_compute_params * params, ggml_tensor * op) override {
        const Shape shape(op);
        for (int64_t token = params->ith; token < shape.tokens; token += params->nth) {
            const auto * row = static_cast<const char *>(shape.mask->data) + token * shape.mask->nb[1];
            seen(reinterpret_cast<const ggml_fp16_t *>(row), shape.places, shape.list(params->wdata, token));
        }
        if (params->ith == 0) {
            ggml_threadpool_chunk_set(params->threadpool, 0);
        }
        ggml_barrier(params->threadpool);

        const int32_t * first = shape.list(params->wdata, 0);
        const int64_t length = GGML_PAD(first[0], PAD);
        if (shape.tokens == 1 && length >= LONG) {
            divide(params, op, shape, first + 1, first[0], (length + params->nth - 1) / params->nth);
            return true;
        }
        while (true) {
            const int64_t next = ggml_threadpool_chunk_add(params->threadpool, 1);
            if (next >= shape.heads * shape.tokens) {
                return true;
            }
            const int64_t head = next / shape.tokens, token = next % shape.tokens;
            const int32_t * list = shape.list(params->wdata, token);
            Gathered gathered;
            gather(shape, token, head, list + 1, list + 1 + list[0], gathered);
            write(op, shape, token, head, gathered);
        }
    }

    // A single token with many places: every thread takes a piece of them, for all heads.
    static void divide(ggml_compute_params * params, ggml_tensor * op, const Shape & shape, const int32_t * list, int64_t count, int64_t piece) {
        auto * parts = reinterpret_cast<Gathered *>(static_cast<char *>(params->wdata) + shape.lists());
        const int64_t from = std::min(params->ith * piece, count), to = std::min(from + piece, count);
        for (int64_t head = 0; head < shape.heads; head++) {
            gather(shape, 0, head, list + from, list + to, parts[params->ith * shape.heads + head]);
        }
        ggml_barrier(params->threadpool);
        for (int64_t head = params->ith; head < shape.heads; head += params->nth) {
            Gathered all;
            join(parts + head, params->nth, shape.heads, shape.depth, all);
            write(op, shape, 0, head, all);
        }
    }
};

}  // namespace

ggml::cpu::tensor_traits * ingot_attention(const ggml_tensor * op) {
    static Attention attention;
    return op->op == GGML_OP_FLASH_ATTN_EXT && ours(op) ? &attention : nullptr;
}

#endif
