/// The size of a voxel along each axis, as far as the file tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Voxel {
    pub z: Option<Size>,
    pub y: Option<Size>,
    pub x: Option<Size>,
}

/// One side of a voxel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Greater than zero and finite.
    pub micrometres: f64,
    /// What told it.
    pub from: SizeSource,
}

/// Where a file has the size of its voxels from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SizeSource {
    /// The description by `ImageJ`, for x and y with the resolution tags.
    ImageJ,
    /// `PhysicalSize…` of OME-XML.
    Ome,
    /// The resolution tags alone.
    Resolution,
    /// The extent of an Imaris file.
    Imaris,
    /// `pixelResolution` or `resolution` of an N5 dataset.
    N5,
    /// The numbers that are the names of planes.
    Names,
}

impl SizeSource {
    /// In a word or two, for records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ImageJ => "ImageJ",
            Self::Ome => "OME-XML",
            Self::Resolution => "resolution tags",
            Self::Imaris => "Imaris",
            Self::N5 => "N5",
            Self::Names => "file names",
        }
    }
}

/// Where the centre of the first voxel lies in micrometres along z, y and x, as far as the file tells.
pub type Origin = [Option<f64>; 3];
