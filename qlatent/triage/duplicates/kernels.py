"""Products of sparse rows, compiled by numba; `qlatent.kernels` compiles them ahead."""

from __future__ import annotations

import numba


@numba.njit(cache=True, nogil=True, fastmath=True)
def add_products(indptr, columns, values, column_ptr, rows, row_values, start, begin, out):  # type: ignore[no-untyped-def]
    """Adds to `out` (b, n - begin) the products of rows start … start + b with all rows from `begin` on.

    The matrix is given twice: by rows (`indptr`, `columns`, `values`) and by columns, whose rows ascend.
    """
    for place in range(out.shape[0]):
        line = out[place]
        for entry in range(indptr[start + place], indptr[start + place + 1]):
            column, value = columns[entry], values[entry]
            for other in range(column_ptr[column + 1] - 1, column_ptr[column] - 1, -1):
                if rows[other] < begin:
                    break
                line[rows[other] - begin] += value * row_values[other]
