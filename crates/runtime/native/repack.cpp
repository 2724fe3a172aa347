// Products of quantised weights for processors with AVX-512 VNNI, for the two types that llama.cpp multiplies there one dot product at a
// time or nearly so: Q4_1, and Q8_0 (the table of tokens in most files of few bits).
//
// Weights are kept as llama.cpp's own repacked types are: in a buffer type of their own, in groups of 16 rows, so that one instruction
// multiplies four columns of 16 rows. Nothing else changes: the same integers are multiplied, and their products are summed in the order of
// llama.cpp's dot products, so that results are equal to the last bit. llama.cpp offers a tensor to every buffer type of its list and takes
// the first that supports the operation that the tensor is for.
#include "ggml-backend-impl.h"
#include "ggml-cpu-impl.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "traits.h"

#include "attend.h"

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

namespace {

constexpr int64_t BLOCK = 32;  // numbers with one scale
constexpr int64_t GROUP = 16;  // rows that are multiplied together
constexpr int64_t TILE = 2;    // columns at once, at most
constexpr int64_t PARTS = 8;   // sums of a dot product: number i of a block is part of sum i / 4

struct Q4_1 {
    ggml_fp16_t scale, least;
    uint8_t numbers[16];  // number i below, number i + 16 above
};
struct Q8_0 {
    ggml_fp16_t scale;
    int8_t numbers[32];
};
struct Q8_1 {
    ggml_fp16_t scale, sum;  // the sum is of the numbers, times the scale
    int8_t numbers[32];
};
static_assert(sizeof(Q4_1) == 20 && sizeof(Q8_0) == 34 && sizeof(Q8_1) == 36, "llama.cpp's blocks");

// One column of what weights are multiplied with.
struct Column {
    const int8_t * numbers;
    const float * scales;  // one a block
    const float * sums;    // Q4_1: one a block, of the numbers, times the scale
    const int32_t * excess;  // Q8_0: one a part of a block, see below
};

size_t column_bytes(int64_t width) { return width + width / BLOCK * (4 + PARTS * 4); }

Column column(const uint8_t * bytes, int64_t width) {
    const auto * floats = reinterpret_cast<const float *>(bytes + width);
    const auto * rest = floats + width / BLOCK;
    return { reinterpret_cast<const int8_t *>(bytes), floats, rest, reinterpret_cast<const int32_t *>(rest) };
}

// Quantises a column as llama.cpp does, and lays it out.
template <typename Block> void quantise(const float * from, uint8_t * to, int64_t width, Block * between) {
    constexpr bool sums = sizeof(Block) == sizeof(Q8_1);
    ggml_get_type_traits_cpu(sums ? GGML_TYPE_Q8_1 : GGML_TYPE_Q8_0)->from_float(from, between, width);
    auto * scales = reinterpret_cast<float *>(to + width);
    float * rest = scales + width / BLOCK;
    for (int64_t block = 0; block < width / BLOCK; block++) {
        const Block & one = between[block];
        std::memcpy(to + block * BLOCK, one.numbers, BLOCK);
        scales[block] = ggml_fp16_to_fp32(one.scale);
        if constexpr (sums) {
            rest[block] = ggml_fp16_to_fp32(one.sum);
        } else {
            // Weights are stored with 128 added, for the instruction takes one side without signs: this is what it adds too much.
            int32_t excess[PARTS] = {};
            for (int64_t i = 0; i < BLOCK; i++) {
                excess[i / 4] -= 128 * one.numbers[i];
            }
            std::memcpy(rest + block * PARTS, excess, sizeof(excess));
        }
    }
}

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,f16c,fma,avx2")))

VNNI inline __m512i four(const int8_t * numbers) {
    int32_t word;
    std::memcpy(&word, numbers, sizeof(word));
    return _mm512_set1_epi32(word);
}

VNNI inline __m512 halves(const uint8_t * at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(at)));
}

// A group of a block: 16 scales, 16 least values, then 4 x 64 bytes, each with 4 numbers below and 4 above of every row.
struct Four {
    static constexpr ggml_type type = GGML_TYPE_Q4_1;
    static constexpr int64_t bytes = GROUP * sizeof(Q4_1);
    using Between = Q8_1;

    static void pack(const uint8_t * rows, size_t stride, uint8_t * to) {
        for (int64_t row = 0; row < GROUP; row++) {
            const auto * block = reinterpret_cast<const Q4_1 *>(rows + row * stride);
            std::memcpy(to + 2 * row, &block->scale, 2);
            std::memcpy(to + 32 + 2 * row, &block->least, 2);
            for (int64_t word = 0; word < 4; word++) {
                std::memcpy(to + 64 + 64 * word + 4 * row, block->numbers + 4 * word, 4);
            }
        }
    }

    VNNI static inline __m512i weights(const uint8_t * at, int part) {
        const __m512i both = _mm512_loadu_si512(at + 64 + 64 * (part % 4));
        return _mm512_and_si512(part < 4 ? both : _mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
    }

    VNNI static inline __m512i start(const Column &, int64_t, int) { return _mm512_setzero_si512(); }

    VNNI static inline __m512 least(const uint8_t * at, const Column & column, int64_t block, __m512 sum) {
        return _mm512_fmadd_ps(halves(at + 32), _mm512_set1_ps(column.sums[block]), sum);
    }
};

// A group of a block: 16 scales, then 8 x 64 bytes, each with 4 numbers of every row, all plus 128.
struct Eight {
    static constexpr ggml_type type = GGML_TYPE_Q8_0;
    static constexpr int64_t bytes = GROUP * sizeof(Q8_0);
    using Between = Q8_0;

    static void pack(const uint8_t * rows, size_t stride, uint8_t * to) {
        for (int64_t row = 0; row < GROUP; row++) {
            const auto * block = reinterpret_cast<const Q8_0 *>(rows + row * stride);
            std::memcpy(to + 2 * row, &block->scale, 2);
            for (int64_t i = 0; i < BLOCK; i++) {
                to[32 + 64 * (i / 4) + 4 * row + i % 4] = static_cast<uint8_t>(block->numbers[i]) ^ 0x80;
            }
        }
    }

    VNNI static inline __m512i weights(const uint8_t * at, int part) { return _mm512_loadu_si512(at + 32 + 64 * part); }

    VNNI static inline __m512i start(const Column & column, int64_t block, int part) {
        return _mm512_set1_epi32(column.excess[block * PARTS + part]);
    }

    VNNI static inline __m512 least(const uint8_t *, const Column &, int64_t, __m512 sum) { return sum; }
};

// 16 rows times N columns.
template <typename Kind, int N> VNNI void tile(const uint8_t * group, int64_t blocks, const Column * columns, float * const * out) {
    __m512 parts[N][PARTS], least[N];
    for (int n = 0; n < N; n++) {
        least[n] = _mm512_setzero_ps();
        for (int part = 0; part < PARTS; part++) {
            parts[n][part] = _mm512_setzero_ps();
        }
    }
    for (int64_t block = 0; block < blocks; block++, group += Kind::bytes) {
        __m512 scale[N];
        for (int n = 0; n < N; n++) {
            scale[n] = _mm512_mul_ps(halves(group), _mm512_set1_ps(columns[n].scales[block]));
            least[n] = Kind::least(group, columns[n], block, least[n]);
        }
        for (int part = 0; part < PARTS; part++) {
            const __m512i weights = Kind::weights(group, part);
            for (int n = 0; n < N; n++) {
                const __m512i numbers = four(columns[n].numbers + block * BLOCK + 4 * part);
                const __m512i product = _mm512_dpbusd_epi32(Kind::start(columns[n], block, part), weights, numbers);
                parts[n][part] = _mm512_fmadd_ps(scale[n], _mm512_cvtepi32_ps(product), parts[n][part]);
            }
        }
    }
    for (int n = 0; n < N; n++) {
        __m512 half[4];
        for (int part = 0; part < 4; part++) {
            half[part] = _mm512_add_ps(parts[n][part + 4], parts[n][part]);
        }
        const __m512 sum = _mm512_add_ps(_mm512_add_ps(half[0], half[2]), _mm512_add_ps(half[1], half[3]));
        _mm512_storeu_ps(out[n], _mm512_add_ps(sum, least[n]));
    }
}

// What llama.cpp asks of a type of weights.
class Traits : public ggml::cpu::tensor_traits {
  public:
    virtual void pack(const ggml_tensor * tensor, const void * from) const = 0;
};

template <typename Kind> class Packed final : public Traits {
    // The columns, and room for each thread to quantise one.
    static size_t between(int64_t width) { return GGML_PAD(width / BLOCK * sizeof(typename Kind::Between), 64); }

    bool work_size(int threads, const ggml_tensor * op, size_t & size) override {
        const int64_t width = op->src[0]->ne[0];
        size = GGML_PAD(column_bytes(width) * ggml_nrows(op->src[1]), 64) + threads * between(width);
        return true;
    }

    bool compute_forward(ggml_compute_params * params, ggml_tensor * op) override {
        const ggml_tensor * weights = op->src[0], * input = op->src[1];
        const int64_t width = weights->ne[0], blocks = width / BLOCK, groups = weights->ne[1] / GROUP;
        const int64_t count = ggml_nrows(input);
        const size_t stride = column_bytes(width);
        auto * work = static_cast<uint8_t *>(params->wdata);
        const auto place = [](const ggml_tensor * tensor, int64_t row) {
            const int64_t plane = row / tensor->ne[1];
            const size_t offset =
                row % tensor->ne[1] * tensor->nb[1] + plane % tensor->ne[2] * tensor->nb[2] + plane / tensor->ne[2] * tensor->nb[3];
            return static_cast<char *>(tensor->data) + offset;
        };

        auto * room = reinterpret_cast<typename Kind::Between *>(work + GGML_PAD(stride * count, 64) + params->ith * between(width));
        for (int64_t row = params->ith; row < count; row += params->nth) {
            quantise(reinterpret_cast<const float *>(place(input, row)), work + row * stride, width, room);
        }
        if (params->ith == 0) {
            ggml_threadpool_chunk_set(params->threadpool, 0);
        }
        ggml_barrier(params->threadpool);

        // Who is quicker takes more: some pieces a thread, so that nobody waits long for the last.
        const int64_t piece = std::max<int64_t>(1, groups / (params->nth * 8));
        const auto * bytes = static_cast<const uint8_t *>(weights->data);
        while (true) {
            const int64_t first = ggml_threadpool_chunk_add(params->threadpool, 1) * piece;
            if (first >= groups) {
                return true;
            }
            const int64_t last = std::min(first + piece, groups);
            for (int64_t row = 0; row < count; row += TILE) {
                const int64_t columns = std::min(TILE, count - row);
                Column in[TILE];
                float * out[TILE];
                for (int64_t i = 0; i < columns; i++) {
                    in[i] = column(work + (row + i) * stride, width);
                    out[i] = reinterpret_cast<float *>(place(op, row + i)) + first * GROUP;
                }
                for (int64_t group = first; group < last; group++) {
                    const auto * at = bytes + group * blocks * Kind::bytes;
                    columns == TILE ? tile<Kind, TILE>(at, blocks, in, out) : tile<Kind, 1>(at, blocks, in, out);
                    for (int64_t i = 0; i < columns; i++) {
                        out[i] += GROUP;
                    }
                }
            }
        }
    }

    void pack(const ggml_tensor * tensor, const void * from) const override {
        const int64_t blocks = tensor->ne[0] / BLOCK, groups = tensor->ne[1] / GROUP;
        const size_t size = Kind::bytes / GROUP, stride = size * blocks;
        const auto * rows = static_cast<const uint8_t *>(from);
        auto * to = static_cast<uint8_t *>(tensor->data);
        for (int64_t group = 0; group < groups; group++, rows += GROUP * stride) {
            for (int64_t block = 0; block < blocks; block++, to += Kind::bytes) {
                Kind::pack(rows + block * size, stride, to);
            }
        }
    }
};

Traits * traits(const ggml_tensor * tensor) {
    static Packed<Four> four;
    static Packed<Eight> eight;
    if (tensor->ne[0] % BLOCK != 0 || tensor->ne[1] % GROUP != 0 || ggml_n_dims(tensor) != 2) {
        return nullptr;
    }
    switch (tensor->type) {
        case Four::type: return &four;
        case Eight::type: return &eight;
        default: return nullptr;
    }
}

ggml_backend_buffer_type_t buffer_type();

std::atomic<uint64_t> packed = 0;

class Extra final : public ggml::cpu::extra_buffer_type {
    bool supports_op(ggml_backend_dev_t, const ggml_tensor * op) override {
        const ggml_tensor * weights = op->src[0], * input = op->src[1];
        return op->op == GGML_OP_MUL_MAT && weights->buffer && weights->buffer->buft == buffer_type() && traits(weights) &&
            input->type == GGML_TYPE_F32 && op->type == GGML_TYPE_F32 && input->nb[0] == sizeof(float) &&
            (!input->buffer || ggml_backend_buft_is_host(input->buffer->buft));
    }

    ggml::cpu::tensor_traits * get_tensor_traits(const ggml_tensor * op) override {
        const bool ours = op->op == GGML_OP_MUL_MAT && op->src[0]->buffer && op->src[0]->buffer->buft == buffer_type();
        return ours ? static_cast<Traits *>(op->src[0]->extra) : ingot_attention(op);
    }
};

ggml_backend_buffer_t allocate(ggml_backend_buffer_type_t kind, size_t size) {
    ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), size);
    if (!buffer) {
        return nullptr;
    }
    buffer->buft = kind;
    buffer->iface.init_tensor = [](ggml_backend_buffer_t, ggml_tensor * tensor) {
        tensor->extra = traits(tensor);
        return GGML_STATUS_SUCCESS;
    };
    buffer->iface.set_tensor = [](ggml_backend_buffer_t, ggml_tensor * tensor, const void * from, size_t offset, size_t bytes) {
        GGML_ASSERT(offset == 0 && bytes == ggml_nbytes(tensor) && tensor->extra);
        static_cast<const Traits *>(tensor->extra)->pack(tensor, from);
        packed++;
    };
    buffer->iface.get_tensor = nullptr;
    buffer->iface.cpy_tensor = nullptr;
    return buffer;
}

ggml_backend_buffer_type_t buffer_type() {
    static ggml_backend_buffer_type kind = [] {
        ggml_backend_buffer_type made = {};
        made.iface.get_name = [](ggml_backend_buffer_type_t) { return "CPU_INGOT"; };
        made.iface.alloc_buffer = allocate;
        made.iface.get_alignment = [](ggml_backend_buffer_type_t) -> size_t { return 64; };
        made.device = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0);
        made.context = new Extra();
        return made;
    }();
    return &kind;
}

}  // namespace

// Offers the buffer type to llama.cpp, if the processor can multiply so; whether it can. To be called once, before a model is loaded.
extern "C" bool ingot_repack() {
    __builtin_cpu_init();
    const bool there = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("avx2");
    if (there) {
        auto & list = ggml_backend_cpu_get_extra_buffer_types();
        list.insert(list.begin(), buffer_type());
    }
    return there;
}

// Matrices that were laid out since the program began.
extern "C" uint64_t ingot_repacked() { return packed; }

#else

extern "C" bool ingot_repack() { return false; }
extern "C" uint64_t ingot_repacked() { return 0; }

#endif
