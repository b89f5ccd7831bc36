use adt_codec::downscale::Voxel;
use adt_formats::image::Dtype;
use bytemuck::{Pod, Zeroable};

/// A voxel as it lies in memory and, little-endian, in a chunk.
pub(super) trait Sample: Voxel + Pod + Zeroable {}

impl Sample for u8 {}
impl Sample for u16 {}
impl Sample for i16 {}
impl Sample for u32 {}
impl Sample for f32 {}

#[cfg(not(target_endian = "little"))]
compile_error!("voxels are read and written as they lie in memory, which must be little-endian");

/// Calls a generic function for the kind of voxel that `$dtype` names; `$else` for kinds that are not written.
macro_rules! by_dtype {
    ($dtype:expr, $kind:ident => $call:expr, else $else:expr) => {
        match $dtype {
            Dtype::U8 => {
                type $kind = u8;
                $call
            }
            Dtype::U16 => {
                type $kind = u16;
                $call
            }
            Dtype::I16 => {
                type $kind = i16;
                $call
            }
            Dtype::U32 => {
                type $kind = u32;
                $call
            }
            Dtype::F32 => {
                type $kind = f32;
                $call
            }
            _ => $else,
        }
    };
}

pub(super) use by_dtype;

/// Whether voxels of this kind are written.
pub(super) fn is_written(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::U8 | Dtype::U16 | Dtype::I16 | Dtype::U32 | Dtype::F32)
}

/// Brightness that a viewer's slider goes through: all that integers can have.
pub(super) fn range(dtype: Dtype) -> Option<[f64; 2]> {
    Some(match dtype {
        Dtype::U8 => [0.0, f64::from(u8::MAX)],
        Dtype::U16 => [0.0, f64::from(u16::MAX)],
        Dtype::I16 => [f64::from(i16::MIN), f64::from(i16::MAX)],
        Dtype::U32 => [0.0, f64::from(u32::MAX)],
        _ => return None,
    })
}
